import Files

/// Writes a model file of version 3, tensor after tensor, so that the model need not be in memory.
///
/// ```swift
/// var writer = try GGUFWriter(path: path, metadata: metadata, tensors: layouts)
/// for tensor in tensors { try writer.write(tensor.bytes) }
/// try writer.finish()
/// ```
///
/// The file appears at its path when `finish` succeeds; a writer that goes without it leaves nothing behind.
package struct GGUFWriter: ~Copyable {
    private let path: String
    private let tensors: [TensorLayout]
    private let alignment: Int
    private let file: TemporaryFile
    /// The tensor that is being written, and how many of its bytes are.
    private var current = 0
    private var written = 0

    /// Starts a file with its metadata and the descriptions of `tensors`, whose data follows in this order.
    ///
    /// Tensor data is aligned to `general.alignment` of `metadata`, or 32.
    ///
    /// - Throws: `GGUFError` with code `badAlignment`, `duplicateTensor`, `limitExceeded` if all data together
    ///   overflows, or `io`.
    package init(path: String, metadata: GGUFMetadata, tensors: [TensorLayout]) throws(GGUFError) {
        let alignment = try metadata.alignment()
        var header = HeaderEncoder()
        header.append(magic)
        header.append(UInt32(3))
        header.append(UInt64(tensors.count))
        header.append(UInt64(metadata.count))
        for key in metadata.keys {
            guard let value = metadata[key] else { continue }
            guard key.utf8.count <= GGUFMetadata.maximumKeyLength else {
                throw GGUFError(.limitExceeded, .key(key), "the key has \(key.utf8.count) bytes", in: path)
            }
            header.append(key)
            header.append(value)
        }
        try Self.describe(tensors, alignment, path, in: &header)
        header.pad(toMultipleOf: alignment)

        let file = try GGUFError.wrap { () throws(FileFault) in
            TemporaryFile.removeAbandoned(of: path)
            let file = try TemporaryFile(for: path)
            try file.write(header.bytes.span.bytes)
            return file
        }
        self.path = path
        self.tensors = tensors
        self.alignment = alignment
        self.file = file
    }

    /// Appends the next bytes of the current tensor: all of it, or a part.
    ///
    /// - Throws: `GGUFError` with code `invalidLayout` if there are more bytes than the tensor has left, or `io`.
    package mutating func write(_ bytes: RawSpan) throws(GGUFError) {
        guard current < tensors.count else {
            throw GGUFError(.invalidLayout, .file, "\(bytes.byteCount) bytes written after the last tensor", in: path)
        }
        let tensor = tensors[current]
        guard bytes.byteCount <= tensor.byteCount - written else {
            let detail = "\(written + bytes.byteCount) bytes written, but it has \(tensor.byteCount)"
            throw GGUFError(.invalidLayout, .tensor(tensor.name), detail, in: path)
        }
        try append(bytes)
        written += bytes.byteCount
        if written == tensor.byteCount {
            try pad(after: tensor)
            current += 1
            written = 0
        }
    }

    /// Puts the complete file in its place, over an older one.
    ///
    /// - Throws: `GGUFError` with code `invalidLayout` if data is missing, or `io`; then the older file is untouched.
    package consuming func finish() throws(GGUFError) {
        guard current == tensors.count else {
            throw GGUFError(.invalidLayout, .tensor(tensors[current].name), "its data was not written", in: path)
        }
        do throws(FileFault) { try file.commit() } catch { throw GGUFError(error) }
    }

    private func append(_ bytes: RawSpan) throws(GGUFError) {
        do throws(FileFault) { try file.write(bytes) } catch { throw GGUFError(error) }
    }

    private func pad(after tensor: TensorLayout) throws(GGUFError) {
        let padding = tensor.byteCount.roundedUp(toMultipleOf: alignment) - tensor.byteCount
        let zeros = [UInt8](repeating: 0, count: padding)
        try append(zeros.span.bytes)
    }

    private static func describe(
        _ tensors: [TensorLayout], _ alignment: Int, _ path: String, in header: inout HeaderEncoder
    ) throws(GGUFError) {
        var names: Set<String> = []
        var offset = 0
        for tensor in tensors {
            guard names.insert(tensor.name).inserted else {
                throw GGUFError(.duplicateTensor, .tensor(tensor.name), "the name occurs twice", in: path)
            }
            header.append(tensor.name)
            header.append(UInt32(tensor.shape.count))
            for length in tensor.shape { header.append(UInt64(length)) }
            header.append(tensor.type.rawValue)
            header.append(UInt64(offset))
            let (end, overflow) = offset.addingReportingOverflow(tensor.byteCount)
            guard !overflow, end <= Int.max - alignment else {
                throw GGUFError(.limitExceeded, .tensor(tensor.name), "the size of the file overflows", in: path)
            }
            offset = end.roundedUp(toMultipleOf: alignment)
        }
    }
}
