package import Quantities

/// Turns tokens into text as they come, never splitting a UTF-8 character.
///
/// The space that the tokenizer put in front of a text is left out; one that goes on with other text is its own.
///
/// The pieces together are the text of all bytes at once: what is not UTF-8 becomes U+FFFD, once for each maximal part
/// (Unicode 3.9).
package struct StreamingDetokenizer: Sendable {
    private let tokenizer: any Tokenizer
    private let rendersSpecial: Bool
    private let shown: Set<TokenID>
    /// The start of a character whose end is yet to come: at most three bytes between calls.
    private var pending: [UInt8] = []
    /// Whether a space may come next that is not the text's own.
    private var dropsSpace: Bool

    /// - Parameters:
    ///   - previous: the token before the first, where the text goes on with what is there.
    ///   - rendersSpecial: whether special tokens give their text.
    ///   - shown: special tokens that give their text in any case.
    package init(
        _ tokenizer: any Tokenizer, after previous: TokenID? = nil, rendersSpecial: Bool = false,
        showing shown: Set<TokenID> = []
    ) {
        self.tokenizer = tokenizer
        self.rendersSpecial = rendersSpecial
        self.shown = shown
        dropsSpace = tokenizer.addsSpace(after: previous)
    }

    /// The text that is certain now that `token` has come; empty while a character is incomplete.
    package mutating func append(_ token: TokenID) -> String {
        let bytes = tokenizer.bytes(of: token, rendersSpecial: rendersSpecial || shown.contains(token))
        pending.append(contentsOf: bytes.dropFirst(dropsSpace && bytes.first == UInt8(ascii: " ") ? 1 : 0))
        if !bytes.isEmpty { dropsSpace = false }
        let tail = pending.incompleteCharacterLength
        let text = String(decoding: pending.dropLast(tail), as: UTF8.self)
        pending.removeFirst(pending.count - tail)
        return text
    }

    /// The text of what is left when no more tokens come: U+FFFD for an unfinished character.
    package mutating func finish() -> String {
        defer { pending.removeAll() }
        return String(decoding: pending, as: UTF8.self)
    }
}

extension [UInt8] {
    /// How many of the last bytes may become a UTF-8 character with the bytes to come.
    fileprivate var incompleteCharacterLength: Int {
        for length in 1...3 where length <= count {
            let lead = self[count - length]
            if lead & 0xC0 == 0x80 { continue }
            return lead.isLead(ofMoreThan: length) && (length == 1 || lead.allows(second: self[count - length + 1]))
                ? length : 0
        }
        return 0
    }
}

extension UInt8 {
    /// Whether this byte begins a character of more than `length` bytes.
    fileprivate func isLead(ofMoreThan length: Int) -> Bool {
        switch self {
        case 0xC2...0xDF: length < 2
        case 0xE0...0xEF: length < 3
        case 0xF0...0xF4: length < 4
        default: false
        }
    }

    /// Whether a character may go on with `second`: no overlong forms, surrogates, or scalars beyond U+10FFFF.
    fileprivate func allows(second: UInt8) -> Bool {
        switch self {
        case 0xE0: second >= 0xA0
        case 0xED: second <= 0x9F
        case 0xF0: second >= 0x90
        case 0xF4: second <= 0x8F
        default: true
        }
    }
}
