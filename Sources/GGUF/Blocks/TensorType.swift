/// How the values of a tensor are stored, numbered as in the file.
///
/// The quantised types store blocks of 32 values as small integers `q` with `value = q * scale + minimum`.
///
/// Source: `ggml_type` and `ggml-common.h` of ggml.
package enum TensorType: UInt32, CaseIterable, Sendable {
    case f32 = 0
    case f16 = 1
    /// 4-bit quants, symmetric around 8.
    case q4_0 = 2
    /// 4-bit quants and a minimum.
    case q4_1 = 3
    /// 5-bit quants, symmetric around 16.
    case q5_0 = 6
    /// 5-bit quants and a minimum.
    case q5_1 = 7
    /// 8-bit quants, symmetric around 0.
    case q8_0 = 8
    case bf16 = 30

    /// The usual name: "F32", "Q4_1".
    package var name: String { "\(self)".uppercased() }

    /// The type of that name, in upper or lower case.
    package init?(name: String) {
        guard let type = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
        self = type
    }

    /// Values in a block: 32, or 1 for the floating-point types.
    package var blockSize: Int { format.blockSize }
    /// Bytes of a block.
    package var blockByteCount: Int { format.byteCount }
    package var isQuantized: Bool { quantizedFormat != nil }

    var format: any BlockFormat.Type {
        switch self {
        case .f32: Float32Format.self
        case .f16: Float16Format.self
        case .bf16: BFloat16Format.self
        case .q4_0: Q4_0.self
        case .q4_1: Q4_1.self
        case .q5_0: Q5_0.self
        case .q5_1: Q5_1.self
        case .q8_0: Q8_0.self
        }
    }

    var quantizedFormat: (any QuantizedFormat.Type)? { format as? any QuantizedFormat.Type }

    /// Types of ggml that this project does not read, for the error.
    static let unsupportedNames: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 15: "Q8_K",
        16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS",
        24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
        40: "NVFP4", 41: "Q1_0",
    ]
}
