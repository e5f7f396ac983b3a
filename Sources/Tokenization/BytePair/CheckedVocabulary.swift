import Quantities

/// A vocabulary whose every number has been checked against it.
struct CheckedVocabulary {
    let types: [TokenType]
    /// The bytes that each token stands for.
    let bytes: [[UInt8]]
    /// The ids by the tokens' spelling; tokens without text are left out.
    let ids: [[UInt8]: TokenID]

    /// - Throws: `TokenizerError` for counts that differ, unknown types, duplicates, and ids that name no token.
    init(_ vocabulary: Vocabulary) throws(TokenizerError) {
        let count = vocabulary.tokens.count
        guard count > 0 else { throw .emptyVocabulary }
        guard count <= Int(TokenID.max) else { throw .tooManyTokens(count) }
        types = try Self.types(vocabulary)
        var bytes: [[UInt8]] = []
        var ids: [[UInt8]: TokenID] = [:]
        bytes.reserveCapacity(count)
        ids.reserveCapacity(count)
        for (id, token) in vocabulary.tokens.enumerated() {
            let id = TokenID(id)
            bytes.append(try Self.bytes(of: token, id, types[Int(id)]))
            if !token.isEmpty, let first = ids.updateValue(id, forKey: Array(token.utf8)) {
                throw .duplicateToken(first, id)
            }
        }
        self.bytes = bytes
        self.ids = ids
        try Self.checkRoles(vocabulary)
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

    private static func bytes(of token: String, _ id: TokenID, _ type: TokenType) throws(TokenizerError) -> [UInt8] {
        switch type {
        case .normal, .unused: return ByteAlphabet.decode(token)
        case .byte:
            let text = Array(token.utf8)
            guard text.count == 6, token.hasPrefix("<0x"), text[5] == UInt8(ascii: ">"),
                let digits = [text[3], text[4]].digits
            else { throw .malformedByte(id) }
            return [digits]
        case .unknown, .control, .userDefined:
            guard token.utf8.count <= SpecialTokenMatcher.longest else {
                throw .specialTokenTooLong(id, bytes: token.utf8.count)
            }
            return Array(token.utf8)
        }
    }

    private static func checkRoles(_ vocabulary: Vocabulary) throws(TokenizerError) {
        let roles = [
            ("beginning-of-text", vocabulary.beginningOfText), ("end-of-text", vocabulary.endOfText),
            ("end-of-turn", vocabulary.endOfTurn), ("unknown", vocabulary.unknown), ("padding", vocabulary.padding),
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
