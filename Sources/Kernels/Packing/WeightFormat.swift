import Quantities

/// What a weight is stored as on a device; the values of option WEIGHTS.
package enum WeightFormat: String, Sendable, Hashable, Codable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    case q8 = "Q8"
    case q5 = "Q5"
    case q4 = "Q4"
    case q6K = "Q6_K"
    case q5K = "Q5_K"
    case q4K = "Q4_K"
    case q3K = "Q3_K"
    case q2K = "Q2_K"
    case iq4NL = "IQ4_NL"
    case iq4XS = "IQ4_XS"
    case mxfp4 = "MXFP4"

    /// How weights stand that share scales; `nil` where every weight stands for itself.
    package var blocks: BlockLayout? {
        switch self {
        case .f32, .f16, .bf16: nil
        case .q8: BlockLayout(bits: 8, scales: .halves)
        case .q5: BlockLayout(bits: 5, scales: .halves)
        case .q4: BlockLayout(bits: 4, scales: .halves)
        case .q6K: BlockLayout(bits: 6, scales: .signed, partSize: 16, zero: 32)
        case .q5K: BlockLayout(bits: 5, scales: .pairs)
        case .q4K: BlockLayout(bits: 4, scales: .pairs)
        case .q3K: BlockLayout(bits: 3, scales: .signed, partSize: 16, zero: 4)
        case .q2K: BlockLayout(bits: 2, scales: .nibbles, partSize: 16)
        case .iq4NL: BlockLayout(bits: 4, scales: .singles, zero: 128, table: QuantTable.nonlinear)
        case .iq4XS: BlockLayout(bits: 4, scales: .signed, zero: 128, table: QuantTable.nonlinear)
        case .mxfp4: BlockLayout(bits: 4, scales: .singles, zero: 12, table: QuantTable.fourBitFloats)
        }
    }

    /// Bits of a weight, without what it shares with others.
    package var bits: Int {
        switch self {
        case .f32: 32
        case .f16, .bf16: 16
        default: blocks?.bits ?? 0
        }
    }

    /// Bytes of `count` weights, with their scales.
    package func byteCount(of count: Int) -> Int {
        4 * (count * bits / 32 + (blocks.map { count / $0.span * $0.scaleWords } ?? 0))
    }

    /// What the depth of a matrix must be a multiple of.
    package var depthMultiple: Int { blocks?.span ?? 4 }
}

extension WeightFormat {
    /// What kernels are told of the format. `each` takes counts from it in texts that other formats compile.
    var definitions: [(String, String)] {
        blocks?.definitions ?? [("BITS", "\(bits)"), ("PARTS", "1"), ("FIELDS", "2")]
    }
}
