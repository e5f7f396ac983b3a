/// What JSON writes otherwise than YAML.
enum JSONText {
    /// The text with characters in place of escaped pairs of surrogates, `\ud83e\uddf5`, which YAML does not know.
    ///
    /// Only text that begins as JSON does is changed; in other YAML a backslash may stand for itself.
    /// - Complexity: O(n) in the text, and little where it has no such escape.
    static func joiningSurrogates(_ text: String) -> String {
        guard let first = text.first(where: { !$0.isWhitespace }), "{[".contains(first), text.contains("\\u") else {
            return text
        }
        let source = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            if source[index] != UInt8(ascii: "\\") {
                result.append(source[index])
                index += 1
            } else if let high = unit(source, at: index), 0xD800..<0xDC00 ~= high,
                let low = unit(source, at: index + 6), 0xDC00..<0xE000 ~= low,
                let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            {
                result += Array(String(scalar).utf8)
                index += 12
            } else {
                // With the character behind it, which may be a backslash itself.
                result += source[index..<min(index + 2, source.count)]
                index += 2
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The number of an escape `\uXXXX` that begins at a place.
    private static func unit(_ text: [UInt8], at index: Int) -> UInt32? {
        guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        return UInt32(String(decoding: text[index + 2..<index + 6], as: UTF8.self), radix: 16)
    }
}
