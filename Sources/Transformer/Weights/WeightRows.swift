import GGUF
import Kernels

/// Takes the rows of a tensor apart into the words and scales that panels are packed from.
struct WeightRows {
    let format: WeightFormat
    private let tensor: GGUFTensor
    private let reader: RowReader
    private var quants: [UInt8]
    private var scales: [Float]
    private var minimums: [Float]
    /// The row last taken: `depth / format.weightsPerWord` words.
    private(set) var words: [UInt32]
    /// The row last taken: one word for each block of 32, a half `d` below a half `m`.
    private(set) var packedScales: [UInt32]

    init(_ tensor: GGUFTensor) {
        let depth = tensor.shape[0]
        self.tensor = tensor
        reader = RowReader(tensor)
        format = WeightFormat(tensor.type)
        let blocks = format.blockSize.map { depth / $0 } ?? 0
        quants = [UInt8](repeating: 0, count: 32 * blocks)
        scales = [Float](repeating: 0, count: blocks)
        minimums = scales
        words = [UInt32](repeating: 0, count: depth / format.weightsPerWord)
        packedScales = [UInt32](repeating: 0, count: blocks)
    }

    /// - Throws: `ModelError.unsupported` when a block's minimum is beyond what a half can hold, `file` where the file
    ///   was cut.
    mutating func take(_ row: Int, model: String) throws(ModelError) {
        do throws(GGUFError) {
            try reader.withRow(row) { bytes in
                switch format {
                case .f32, .f16, .bf16: words.withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
                case .q8, .q4: unpack(bytes)
                }
            }
        } catch {
            throw .file(error)
        }
        for index in packedScales.indices {
            let (d, m) = (Float16(scales[index]), Float16(minimums[index]))
            guard Float(d) == scales[index], Float(m) == minimums[index] else {
                throw .unsupported(model: model, reason: "\(tensor.name) row \(row) has a scale out of range")
            }
            packedScales[index] = UInt32(d.bitPattern) | UInt32(m.bitPattern) << 16
        }
    }

    private mutating func unpack(_ bytes: UnsafeRawBufferPointer) {
        quants.withUnsafeMutableBufferPointer { quants in
            scales.withUnsafeMutableBufferPointer { scales in
                minimums.withUnsafeMutableBufferPointer { minimums in
                    tensor.type.unpack(bytes, quants: quants, scales: scales, minimums: minimums)
                }
            }
        }
        quants.withUnsafeBufferPointer { quants in
            if format == .q8 {
                words.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(quants)) }
                return
            }
            words.withUnsafeMutableBytes { words in
                for block in 0..<quants.count / 32 {
                    for byte in 0..<16 {
                        words[16 * block + byte] = quants[32 * block + byte] | quants[32 * block + 16 + byte] << 4
                    }
                }
            }
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
        case .q5_0, .q5_1, .q8_0: self = .q8
        }
    }
}
