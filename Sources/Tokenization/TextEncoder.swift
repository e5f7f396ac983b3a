import Quantities

/// What a kind of vocabulary makes of the text between special tokens.
protocol TextEncoder: Sendable {
    /// Appends the tokens of `text[range]` to `tokens`.
    ///
    /// - Parameters:
    ///   - text: valid UTF-8.
    ///   - range: on scalar borders.
    func encode(_ text: [UInt8], _ range: Range<Int>, into tokens: inout [TokenID])
}

extension [UInt8] {
    /// Where the UTF-8 scalar at `position` ends.
    func scalarEnd(_ position: Int) -> Int {
        Swift.min(position + Swift.max(1, (~self[position]).leadingZeroBitCount), count)
    }
}
