/// How far a conversion is.
package struct ConversionProgress: Hashable, Sendable {
    /// The tensor being converted, from 0.
    package let index: Int
    package let tensorCount: Int
    package let name: String
}
