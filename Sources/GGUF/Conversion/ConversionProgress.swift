/// How far a conversion is.
public struct ConversionProgress: Hashable, Sendable {
    /// The tensor being converted, from 0.
    public let index: Int
    public let tensorCount: Int
    public let name: String
}
