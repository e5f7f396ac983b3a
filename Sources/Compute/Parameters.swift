/// The scalar arguments of one dispatch, in the order of the kernel's signature.
package struct Parameters: Sendable {
    /// The floor that every API grants: 128 bytes, less first tile and tile count.
    package static let capacity = 30

    package var words = InlineArray<32, UInt32>(repeating: 0)
    package private(set) var count = 0

    package init() {}

    package mutating func append(_ value: Int) { append(word: UInt32(truncatingIfNeeded: value)) }

    package mutating func append(_ value: Float) { append(word: value.bitPattern) }

    /// Zeros for a kernel that is to run over nothing.
    package init(zerosFor code: KernelCode) { count = code.parameterCount - 2 }

    private mutating func append(word: UInt32) {
        precondition(count < Self.capacity, "too many parameters")
        words[count] = word
        count += 1
    }

    /// The words of a dispatch that covers `tiles`: the parameters, then first tile and tile count.
    package func words(covering tiles: Range<Int>) -> (words: InlineArray<32, UInt32>, count: Int) {
        var result = words
        result[count] = UInt32(tiles.lowerBound)
        result[count + 1] = UInt32(tiles.count)
        return (result, count + 2)
    }
}
