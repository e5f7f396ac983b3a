/// The most that a model file may claim, whatever its size: a sparse file costs nothing and can be of any size, and
/// memory is taken for what is claimed.
///
/// Each is several times what the largest models that are known have.
enum HeaderLimits {
    /// Some 2,000 where experts are stacked, 40,000 where each stands alone.
    static let tensors = 1 << 17
    /// 30 to 60 are usual.
    static let keys = 1 << 12
    /// Of metadata and descriptions together: 262,144 tokens with their merges take 15 MB, a whole `tokenizer.json`
    /// in one value 30 MB.
    static let byteCount = 256 << 20
    /// A value that is a string.
    static let stringByteCount = 64 << 20
    /// A token of a vocabulary, or another string in an array.
    static let elementByteCount = 1 << 16
    /// Arrays in arrays: no known model has any, and each takes far more memory than its bytes in the file.
    static let innerArrays = 1 << 12

    /// Elements of the array under `key`. Vocabularies have up to 1,000,000 tokens and as many merges; other arrays
    /// have an element for each layer.
    static func elements(of key: String) -> Int { key.hasPrefix("tokenizer.") ? 1 << 21 : 1 << 16 }
}
