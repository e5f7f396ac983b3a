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
        case .bf16: 32
        }
    }
}
