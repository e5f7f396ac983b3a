import GGUF
import Kernels

/// Takes the rows of a tensor apart into the words and scales that panels are packed from.
struct WeightRows {
    let format: WeightFormat
    private let tensor: GGUFTensor
    private let reader: RowReader
    /// The numbers of a row that are taken.
    private let depth: Range<Int>
    private var unpacked: UnpackedBlocks
    /// The row last taken, as `PanelShape` stores it.
    private(set) var words: [UInt32]
    private(set) var packedScales: [UInt32]

    init(_ piece: TensorPiece, shape: PanelShape) {
        tensor = piece.tensor
        reader = RowReader(tensor)
        format = shape.format
        depth = piece.depth ?? 0..<shape.depth
        unpacked = UnpackedBlocks(tensor.type, count: format.blocks == nil ? 0 : tensor.shape[0])
        words = [UInt32](repeating: 0, count: shape.wordsPerRow)
        packedScales = [UInt32](repeating: 0, count: shape.scaleWordsPerRow)
    }

    /// - Throws: `ModelError.unsupported` when a block's minimum is beyond what a half can hold, `file` where the file
    ///   was cut.
    mutating func take(_ row: Int, model: String) throws(ModelError) {
        do throws(GGUFError) {
            try reader.withRow(row) { bytes in
                if format.blocks == nil {
                    let first = depth.lowerBound * format.bits / 8, count = depth.count * format.bits / 8
                    words.withUnsafeMutableBytes {
                        $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[first..<first + count]))
                    }
                } else {
                    tensor.type.unpack(bytes, into: &unpacked)
                }
            }
        } catch {
            throw .file(error)
        }
        guard let layout = format.blocks else { return }
        unpacked.quants.withUnsafeBufferPointer {
            layout.pack(UnsafeBufferPointer(rebasing: $0[depth]), into: &words)
        }
        func cut<Value>(_ values: [Value], each size: Int) -> [Value] {
            if values.isEmpty || depth.count == tensor.shape[0] { return values }
            return Array(values[depth.lowerBound / size..<depth.upperBound / size])
        }
        let scales = RowScales(
            scales: cut(unpacked.scales, each: layout.span), minimums: cut(unpacked.minimums, each: layout.span),
            partScales: cut(unpacked.partScales, each: layout.partSize),
            partMinimums: cut(unpacked.partMinimums, each: layout.partSize))
        guard layout.pack(scales, into: &packedScales) else {
            throw .unsupported(model: model, reason: "\(tensor.name) row \(row) has a scale out of range")
        }
    }
}

extension WeightFormat {
    init(_ type: TensorType) {
        switch type {
        case .f32: self = .f32
        case .f16: self = .f16
        case .bf16: self = .bf16
        case .q4_0, .q4_1: self = .q4
        case .q5_0, .q5_1: self = .q5
        case .q8_0: self = .q8
        case .q2_k: self = .q2K
        case .q3_k: self = .q3K
        case .q4_k: self = .q4K
        case .q5_k: self = .q5K
        case .q6_k: self = .q6K
        case .iq4_nl: self = .iq4NL
        case .iq4_xs: self = .iq4XS
        case .mxfp4: self = .mxfp4
        }
    }
}
