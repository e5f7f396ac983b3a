/// How the values of a tensor are stored, numbered as in the file.
///
/// The quantised types store blocks of 32 or 256 values as small integers with shared scales.
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
    /// 2-bit quants and minimums, scales of 16 values.
    case q2_k = 10
    /// 3-bit quants, scales of 16 values.
    case q3_k = 11
    /// 4-bit quants and minimums, scales of 32 values.
    case q4_k = 12
    /// 5-bit quants and minimums, scales of 32 values.
    case q5_k = 13
    /// 6-bit quants, scales of 16 values.
    case q6_k = 14
    /// 4-bit quants in steps that are finer near zero.
    case iq4_nl = 20
    /// The same, with the scales of 256 values together.
    case iq4_xs = 23
    case bf16 = 30
    /// 4-bit floating-point numbers with powers of two as scales.
    case mxfp4 = 39

    /// The usual name: "F32", "Q4_1".
    package var name: String { "\(self)".uppercased() }

    /// The type of that name, in upper or lower case.
    package init?(name: String) {
        guard let type = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
        self = type
    }

    /// Types that files can be written in.
    package static let encodable = allCases.filter { $0.encoder != nil }

    /// Values in a block: 32 or 256, or 1 for the floating-point types.
    package var blockSize: Int { format.blockSize }
    /// Bytes of a block.
    package var blockByteCount: Int { format.byteCount }
    package var isQuantized: Bool { blockSize > 1 }

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
        case .q2_k: Q2_K.self
        case .q3_k: Q3_K.self
        case .q4_k: Q4_K.self
        case .q5_k: Q5_K.self
        case .q6_k: Q6_K.self
        case .iq4_nl: IQ4_NL.self
        case .iq4_xs: IQ4_XS.self
        case .mxfp4: MXFP4.self
        }
    }

    var encoder: (any EncodableFormat.Type)? { format as? any EncodableFormat.Type }
    var quantizedFormat: (any QuantizedFormat.Type)? { format as? any QuantizedFormat.Type }
    var partedFormat: (any PartedFormat.Type)? { format as? any PartedFormat.Type }

    /// Types of ggml that this project does not read, for the error.
    static let unsupportedNames: [UInt32: String] = [
        4: "Q4_2", 5: "Q4_3", 9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S",
        21: "IQ3_S", 22: "IQ2_S", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0",
        35: "TQ2_0", 40: "NVFP4", 41: "Q1_0",
    ]
}
