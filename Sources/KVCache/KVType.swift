/// The number format in which keys and values are kept.
public enum KVType: String, Hashable, Sendable, Codable, CaseIterable {
    case f32
    case f16
    /// Blocks of 32 signed bytes with one half-precision scale.
    case q8_0

    /// The bytes of one key or value vector of `headSize` elements.
    public func bytesPerVector(headSize: Int) -> Int {
        switch self {
        case .f32: headSize * 4
        case .f16: headSize * 2
        case .q8_0: (headSize + 31) / 32 * 34
        }
    }
}
