import Quantities

/// A vocabulary whose every number has been checked against it.
struct CheckedVocabulary: Sendable {
    /// How normal tokens are spelt.
    enum Spelling {
        /// A printable stand-in for each byte (`ByteAlphabet`).
        case byteAlphabet
        /// As they are, but for spaces (`SpaceMark`).
        case markedSpaces
    }

    private(set) var types: [TokenType]
    /// The bytes that each token stands for.
    let texts: PackedTexts
    /// The tokens by their spelling; those without text are left out.
    let index: TokenIndex
    /// The token of type byte for each byte, where there is one.
    let byteTokens: [TokenID?]
    let endOfTextTokens: Set<TokenID>

    /// - Throws: `TokenizerError` for counts that differ, unknown types, duplicates, and ids that name no token.
    init(_ vocabulary: Vocabulary, _ spelling: Spelling, endOfText: TokenID?) throws(TokenizerError) {
        let count = vocabulary.tokens.count
        guard count > 0 else { throw .emptyVocabulary }
        guard count <= Int(TokenID.max) else { throw .tooManyTokens(count) }
        types = try Self.types(vocabulary)
        var spelt = PackedTexts(capacity: count)
        var texts = PackedTexts(capacity: count)
        var byteTokens = [TokenID?](repeating: nil, count: 256)
        for (id, token) in vocabulary.tokens.enumerated() {
            spelt.append(token.utf8)
            texts.append(try Self.bytes(of: token, TokenID(id), types[id], spelling))
            if types[id] == .byte, let byte = texts[id].first { byteTokens[Int(byte)] = TokenID(id) }
        }
        self.texts = texts
        self.byteTokens = byteTokens
        index = try TokenIndex(spelt)
        try Self.checkRoles(vocabulary)
        let named = EndOfText.named(in: vocabulary, types)
        endOfTextTokens = EndOfText.tokens(vocabulary, endOfText: endOfText, named: named)
        // Some files have them as normal tokens by mistake.
        for token in named { types[Int(token)] = .control }
    }

    /// The token whose spelling is `text[range]` if text may be cut into it.
    func plainToken(of text: [UInt8], _ range: Range<Int>) -> TokenID? {
        guard let token = index.token(of: text, range), types[Int(token)].isPlain else { return nil }
        return token
    }

    private static func types(_ vocabulary: Vocabulary) throws(TokenizerError) -> [TokenType] {
        let count = vocabulary.tokens.count
        if vocabulary.types.isEmpty { return Array(repeating: .normal, count: count) }
        guard vocabulary.types.count == count else { throw .typeCount(tokens: count, types: vocabulary.types.count) }
        var types: [TokenType] = []
        types.reserveCapacity(count)
        for (id, number) in vocabulary.types.enumerated() {
            guard let type = TokenType(rawValue: number) else { throw .unknownType(TokenID(id), type: number) }
            types.append(type)
        }
        return types
    }

    private static func bytes(
        of token: String, _ id: TokenID, _ type: TokenType, _ spelling: Spelling
    ) throws(TokenizerError) -> [UInt8] {
        switch type {
        case .normal, .unused:
            switch spelling {
            case .byteAlphabet: return ByteAlphabet.decode(token)
            case .markedSpaces: return SpaceMark.decode(token)
            }
        case .byte:
            let text = Array(token.utf8)
            guard text.count == 6, token.hasPrefix("<0x"), text[5] == UInt8(ascii: ">"),
                let digits = [text[3], text[4]].digits
            else { throw .malformedByte(id) }
            return [digits]
        case .unknown, .control, .userDefined:
            guard token.utf8.count <= SpecialTokens.longest else {
                throw .specialTokenTooLong(id, bytes: token.utf8.count)
            }
            return Array(token.utf8)
        }
    }

    private static func checkRoles(_ vocabulary: Vocabulary) throws(TokenizerError) {
        let roles = [
            ("beginning-of-text", vocabulary.beginningOfText), ("end-of-text", vocabulary.endOfText),
            ("end-of-turn", vocabulary.endOfTurn), ("end-of-message", vocabulary.endOfMessage),
            ("unknown", vocabulary.unknown), ("padding", vocabulary.padding),
            ("classification", vocabulary.classification), ("separator", vocabulary.separator),
        ]
        for case (let role, let id?) in roles where !vocabulary.tokens.indices.contains(Int(id)) {
            throw .tokenOutOfRange(role: role, id: id)
        }
    }
}

extension [UInt8] {
    /// The byte that two hexadecimal digits spell, without a sign.
    fileprivate var digits: UInt8? {
        allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
            ? UInt8(String(decoding: self, as: UTF8.self), radix: 16) : nil
    }
}
