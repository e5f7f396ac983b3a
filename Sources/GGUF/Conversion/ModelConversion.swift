/// Rewrites a model file with its matrices in another tensor type.
///
/// Norms and all one-dimensional tensors become F32; matrices whose rows are not whole blocks keep their type; metadata
/// is kept, but for `general.file_type` and, for quantised types, `general.quantization_version`.
package struct ModelConversion: Sendable {
    /// The type that matrices get.
    package let type: TensorType

    /// - Parameter type: one of `TensorType.encodable`.
    package init(to type: TensorType) {
        self.type = type
    }

    /// Writes `file` in the new type to `path`, which may be the path of `file` itself.
    ///
    /// The new file appears when it is complete; after an error there is none, or the older one.
    ///
    /// - Parameter progress: called before each tensor.
    /// - Throws: `GGUFError` of the file that is at fault.
    /// - Complexity: O(values), a few nanoseconds each; memory for two rows or a few megabytes, whichever is more.
    package func convert(
        _ file: GGUFFile, to path: String, progress: (ConversionProgress) -> Void = { _ in }
    ) throws(GGUFError) -> ConversionReport {
        var layouts: [TensorLayout] = []
        for tensor in file.tensors {
            layouts.append(try TensorLayout(name: tensor.name, shape: tensor.shape, type: target(of: tensor)))
        }
        var writer = try GGUFWriter(path: path, metadata: metadata(of: file), tensors: layouts)
        var report = ConversionReport()
        for (index, (tensor, layout)) in zip(file.tensors, layouts).enumerated() {
            progress(ConversionProgress(index: index, tensorCount: layouts.count, name: tensor.name))
            if tensor.type == layout.type {
                try copy(tensor, to: &writer)
            } else {
                try requantize(tensor, as: layout, to: &writer)
            }
            report.add(layout, wanted: type)
        }
        try file.checkUnchanged()
        try writer.finish()
        return report
    }

    private func target(of tensor: GGUFTensor) -> TensorType {
        if !tensor.isMatrix { return .f32 }
        return tensor.shape[0] % type.blockSize == 0 ? type : tensor.type
    }

    private func metadata(of file: GGUFFile) -> GGUFMetadata {
        var metadata = file.metadata
        metadata["general.file_type"] = .uint32(type.fileType)
        if type.isQuantized { metadata["general.quantization_version"] = .uint32(2) }
        return metadata
    }

    private func copy(_ tensor: GGUFTensor, to writer: inout GGUFWriter) throws(GGUFError) {
        var bytes = [UInt8](repeating: 0, count: min(tensor.byteCount, 1 << 22))
        for start in stride(from: 0, to: tensor.byteCount, by: bytes.count) {
            let count = min(bytes.count, tensor.byteCount - start)
            try bytes.withUnsafeMutableBufferPointer { (buffer) throws(GGUFError) in
                let bytes = UnsafeMutableRawBufferPointer(buffer)
                try tensor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]), at: start)
            }
            try writer.write(bytes.span.bytes.extracting(first: count))
        }
    }

    private func requantize(
        _ tensor: GGUFTensor, as layout: TensorLayout, to writer: inout GGUFWriter
    ) throws(GGUFError) {
        let rowsAtOnce = min(max(1, 1 << 20 / layout.rowLength), layout.rowCount)
        var values = [Float](repeating: 0, count: rowsAtOnce * layout.rowLength)
        var blocks = [UInt8](repeating: 0, count: rowsAtOnce * layout.rowByteCount)
        for start in stride(from: 0, to: layout.rowCount, by: rowsAtOnce) {
            let rows = start..<min(start + rowsAtOnce, layout.rowCount)
            try values.withUnsafeMutableBufferPointer { (buffer) throws(GGUFError) in
                try tensor.dequantize(rows: rows, into: buffer)
            }
            values.withUnsafeBufferPointer { values in
                let used = UnsafeBufferPointer(rebasing: values[..<(rows.count * layout.rowLength)])
                blocks.withUnsafeMutableBytes { layout.type.quantize(used, into: $0) }
            }
            try writer.write(blocks.span.bytes.extracting(first: rows.count * layout.rowByteCount))
        }
    }
}

extension GGUFTensor {
    /// Whether this is a weight matrix (or a stack of them), and not a norm or bias.
    fileprivate var isMatrix: Bool { shape.count > 1 && !name.contains("_norm") }
}

extension ConversionReport {
    fileprivate mutating func add(_ layout: TensorLayout, wanted: TensorType) {
        byteCount += layout.byteCount
        if layout.type == wanted, layout.shape.count > 1 {
            matrixCount += 1
        } else if layout.shape[0] % wanted.blockSize != 0, layout.shape.count > 1 {
            keptMatrices.append(KeptMatrix(name: layout.name, type: layout.type, rowLength: layout.rowLength))
        } else {
            vectorCount += 1
        }
    }
}

/// How far a conversion is.
package struct ConversionProgress: Hashable, Sendable {
    /// The tensor being converted, from 0.
    package let index: Int
    package let tensorCount: Int
    package let name: String
}

/// What a conversion did.
package struct ConversionReport: Hashable, Sendable {
    /// A matrix that could not take the wanted type.
    package struct KeptMatrix: Hashable, Sendable {
        package let name: String
        /// The type that it has in both files.
        package let type: TensorType
        /// Values in a row, which are not whole blocks of the wanted type.
        package let rowLength: Int
    }

    /// Matrices that now have the wanted type.
    package fileprivate(set) var matrixCount = 0
    /// Norms and other vectors, stored as F32.
    package fileprivate(set) var vectorCount = 0
    package fileprivate(set) var keptMatrices: [KeptMatrix] = []
    /// Bytes of tensor data in the new file, without padding.
    package fileprivate(set) var byteCount = 0
}

extension TensorType {
    /// The number for `general.file_type` of a file whose matrices are mostly of this type.
    ///
    /// Source: `llama_ftype` of llama.cpp.
    package var fileType: UInt32 {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .q5_0: 8
        case .q5_1: 9
        case .q2_k: 10
        case .q3_k: 11
        case .q4_k: 14
        case .q5_k: 16
        case .q6_k: 18
        case .iq4_nl: 25
        case .iq4_xs: 30
        case .bf16: 32
        case .mxfp4: 38
        }
    }
}
