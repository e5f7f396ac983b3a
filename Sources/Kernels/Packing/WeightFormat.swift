/// What a weight is stored as on a device; the values of `matmul`'s option WEIGHTS.
package enum WeightFormat: String, Sendable, Hashable, Codable, CaseIterable {
    case f32 = "F32"
    case f16 = "F16"
    case bf16 = "BF16"
    /// Blocks of 32 bytes, each `q * d + m`.
    case q8 = "Q8"
    /// Blocks of 32 nibbles, each `q * d + m`.
    case q4 = "Q4"

    /// Weights in one 32-bit word.
    package var weightsPerWord: Int {
        switch self {
        case .f32: 1
        case .f16, .bf16: 2
        case .q8: 4
        case .q4: 8
        }
    }

    /// Weights that share a scale and a minimum; `nil` where every weight stands for itself.
    package var blockSize: Int? { self == .q8 || self == .q4 ? 32 : nil }

    /// What the depth of a matrix must be a multiple of.
    package var depthMultiple: Int { blockSize ?? 4 }
}
