package import Quantities

/// The tokenizer that a model file's vocabulary describes, of whichever kind.
package struct VocabularyTokenizer: Tokenizer {
    /// The token that stands for the beginning of a text, and the one for its end, added or not.
    package let beginningOfText: TokenID?
    package let endOfText: TokenID?
    private let tokens: CheckedVocabulary
    private let specialTokens: SpecialTokens
    private let encoder: any TextEncoder
    private let added: AddedTokens
    /// Whether text is given a space in front.
    private let addsSpacePrefix: Bool

    /// - Throws: `TokenizerError` when the vocabulary is of an unknown kind, or contradicts itself.
    /// - Complexity: O(bytes of all tokens and merges).
    package init(_ vocabulary: Vocabulary) throws(TokenizerError) {
        guard let kind = VocabularyKind(rawValue: vocabulary.model) else { throw .unsupportedModel(vocabulary.model) }
        let preTokenizer = try kind.preTokenizer(vocabulary.pre)
        let customs = kind.customs(preTokenizer)
        func role(_ token: TokenID?, orCustom custom: TokenID?) -> TokenID? {
            token ?? custom.flatMap { vocabulary.tokens.indices.contains(Int($0)) ? $0 : nil }
        }
        beginningOfText = role(vocabulary.beginningOfText ?? vocabulary.classification, orCustom: customs.beginning)
        endOfText = role(vocabulary.endOfText, orCustom: customs.end)
        let unknown = role(vocabulary.unknown, orCustom: customs.unknown)
        let marksSpaces = kind != .gpt2 || preTokenizer?.customs.contains(.readsCharacters) == true
        tokens = try CheckedVocabulary(vocabulary, marksSpaces ? .markedSpaces : .byteAlphabet, endOfText: endOfText)
        specialTokens = SpecialTokens(vocabulary, tokens)
        added = try AddedTokens(vocabulary, kind, customs, beginning: beginningOfText, end: endOfText)

        let addsSpace = vocabulary.addsSpacePrefix ?? true
        switch (kind, preTokenizer, unknown) {
        case (.gpt2, let preTokenizer?, _), (.gemma4, let preTokenizer?, _):
            encoder = try BytePairEncoder(vocabulary, tokens, preTokenizer)
            addsSpacePrefix = false
        case (.llama, _, _):
            let scores = try vocabulary.checkedScores
            encoder = MergingEncoder(tokens, scores: scores, unknown: unknown, addsSpacePrefix: addsSpace)
            addsSpacePrefix = addsSpace
        case (.t5, _, let unknown?):
            encoder = try UnigramEncoder(vocabulary, tokens, unknown: unknown, addsSpacePrefix: addsSpace)
            addsSpacePrefix = addsSpace
        case (.bert, _, let unknown?):
            encoder = WordPieceEncoder(vocabulary, tokens, unknown: unknown)
            addsSpacePrefix = true
        case (.t5, _, nil), (.bert, _, nil): throw .missingToken(role: "unknown")
        case (.gpt2, nil, _), (.gemma4, nil, _): preconditionFailure("these kinds have a rule of words")
        }
    }

    package var endOfTextTokens: Set<TokenID> { tokens.endOfTextTokens }

    package var vocabularySize: Int { tokens.types.count }

    /// The tokens of a text. User-defined tokens are cut out always, control tokens only when `parsesSpecial`.
    ///
    /// - Complexity: O(n log n) in the bytes of the text at most.
    package func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID] {
        var result = addsSpecial ? added.head : []
        encode(text, parsesSpecial: parsesSpecial, into: &result)
        return addsSpecial ? result + added.tail : result
    }

    /// Two texts that are read as one, as by a model that ranks answers to a question.
    package func encode(_ first: String, and second: String) -> [TokenID] {
        var result = added.head
        encode(first, parsesSpecial: false, into: &result)
        result += added.tail + added.separator
        encode(second, parsesSpecial: false, into: &result)
        return result + added.tail
    }

    private func encode(_ text: String, parsesSpecial: Bool, into result: inout [TokenID]) {
        let text = Array(text.utf8)
        for part in specialTokens.parts(of: text, parsesSpecial: parsesSpecial) {
            switch part {
            case .token(let token): result.append(token)
            case .text(let range): encoder.encode(text, range, into: &result)
            }
        }
    }

    /// The bytes of a token; none for ids beyond the vocabulary.
    package func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8] {
        guard tokens.types.indices.contains(Int(token)) else { return [] }
        switch tokens.types[Int(token)] {
        case .control, .unknown: return rendersSpecial ? Array(tokens.texts[Int(token)]) : []
        case .normal, .userDefined, .byte: return Array(tokens.texts[Int(token)])
        case .unused: return []
        }
    }

    package func addsSpace(after token: TokenID?) -> Bool {
        guard let token, tokens.types.indices.contains(Int(token)) else { return addsSpacePrefix }
        return addsSpacePrefix && tokens.types[Int(token)].isSpecial
    }
}
