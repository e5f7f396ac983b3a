/// A scalar of UTF-8 text and where it ends.
struct TextScalar {
    let kind: ScalarKind
    let isNewline: Bool
    let end: Int

    /// - Parameter text: valid UTF-8 with a scalar at `start`.
    init(_ text: [UInt8], at start: Int) {
        let first = text[start]
        if first < 0x80 {
            kind = ScalarKind(Unicode.Scalar(first))
            isNewline = first == UInt8(ascii: "\n") || first == UInt8(ascii: "\r")
            end = start + 1
            return
        }
        let length = max(1, (~first).leadingZeroBitCount)
        var value = UInt32(first) & (0x7F >> UInt32(length))
        for byte in text[(start + 1)..<min(start + length, text.count)] { value = value << 6 | UInt32(byte & 0x3F) }
        kind = ScalarKind(Unicode.Scalar(value) ?? "\u{FFFD}")
        isNewline = false
        end = min(start + length, text.count)
    }
}
