/// The number format in which keys and values are kept.
public enum KVType: String, Hashable, Sendable, Codable, CaseIterable {
    case f32
    case f16
    /// Blocks of 32 signed bytes with a scale of 16 bits.
    case q8_0

    /// The bytes that a token takes in a page: its key and its value, of `headSize` elements each, and their scales.
    ///
    /// Scales stand in 16 bytes of their own, as kernels store no less: four of the key and four of the value, enough
    /// for 128 elements.
    public func bytesPerToken(headSize: Int) -> Int {
        switch self {
        case .f32: 2 * headSize * 4
        case .f16: 2 * headSize * 2
        case .q8_0: 2 * headSize + (headSize + 127) / 128 * 16
        }
    }
}
