/// The stand-in for a space in the vocabularies of SentencePiece and of those that follow it: ▁, U+2581.
enum SpaceMark {
    static let bytes: [UInt8] = [0xE2, 0x96, 0x81]

    /// The bytes of `token`, with a space for each mark.
    static func decode(_ token: String) -> [UInt8] {
        let text = Array(token.utf8)
        guard text.contains(bytes[0]) else { return text }
        var decoded: [UInt8] = []
        var position = 0
        while position < text.count {
            let isMark = text[position...].starts(with: bytes)
            decoded.append(isMark ? UInt8(ascii: " ") : text[position])
            position += isMark ? bytes.count : 1
        }
        return decoded
    }

    /// `text[range]` with a mark for each space.
    static func encode(_ text: [UInt8], _ range: Range<Int>, into marked: inout [UInt8]) {
        marked.reserveCapacity(marked.count + range.count)
        for byte in text[range] {
            if byte == UInt8(ascii: " ") { marked.append(contentsOf: bytes) } else { marked.append(byte) }
        }
    }
}
