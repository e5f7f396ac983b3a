package import Quantities

/// Byte-level byte-pair encoding: text is cut into words, and the bytes of each are merged into tokens by rank.
///
/// Source: Radford et al. 2019 (GPT-2); token for token as llama.cpp does, whose files these are.
package struct BytePairTokenizer: Tokenizer {
    package let endOfTextTokens: Set<TokenID>
    private let preTokenizer: PreTokenizer
    private let types: [TokenType]
    private let texts: [[UInt8]]
    /// The token of each single byte, where there is one.
    private let bytes: [TokenID?]
    /// Whole words that are tokens, for rules that do not merge those.
    private let words: [ArraySlice<UInt8>: TokenID]
    private let merges: MergeTable
    private let specialTokens: SpecialTokenMatcher
    private let userDefinedTokens: SpecialTokenMatcher
    private let beginning: TokenID?

    /// - Throws: `TokenizerError` when the vocabulary is of another kind, or contradicts itself.
    /// - Complexity: O(bytes of all tokens and merges).
    package init(_ vocabulary: Vocabulary) throws(TokenizerError) {
        guard vocabulary.model == "gpt2" else { throw .unsupportedModel(vocabulary.model) }
        preTokenizer = try PreTokenizer(named: vocabulary.pre)
        let checked = try CheckedVocabulary(vocabulary)
        merges = try MergeTable(vocabulary.merges, tokens: checked.ids)
        types = checked.types
        texts = checked.bytes
        bytes = ByteAlphabet.scalars.map { scalar in UTF8.encode(scalar).flatMap { checked.ids[Array($0)] } }
        beginning = try Self.beginning(vocabulary, preTokenizer)
        endOfTextTokens = EndOfText.tokens(of: vocabulary, types)

        var words: [ArraySlice<UInt8>: TokenID] = [:]
        var specialTokens = SpecialTokenMatcher()
        var userDefinedTokens = SpecialTokenMatcher()
        for (id, text) in texts.enumerated() where !text.isEmpty {
            switch types[id] {
            case .normal: if preTokenizer.keepsWholeWords { words[text[...]] = TokenID(id) }
            case .userDefined:
                userDefinedTokens.insert(text, TokenID(id))
                specialTokens.insert(text, TokenID(id))
            case .control, .unknown: specialTokens.insert(text, TokenID(id))
            case .unused, .byte: break
            }
        }
        self.words = words
        self.specialTokens = specialTokens
        self.userDefinedTokens = userDefinedTokens
    }

    private static func beginning(
        _ vocabulary: Vocabulary, _ preTokenizer: PreTokenizer
    ) throws(TokenizerError) -> TokenID? {
        guard vocabulary.addsBeginning ?? preTokenizer.addsBeginning else { return nil }
        if vocabulary.beginningOfText == nil, vocabulary.addsBeginning == true { throw .missingBeginning }
        return vocabulary.beginningOfText
    }

    package var vocabularySize: Int { texts.count }

    /// The tokens of a text. User-defined tokens are cut out always, control tokens only when `parsesSpecial`. A byte
    /// that the vocabulary has no token for is left out, as in llama.cpp.
    ///
    /// - Complexity: O(n log n) in the bytes of the longest word, linear otherwise.
    package func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID] {
        let text = Array(text.utf8)
        let matcher = parsesSpecial ? specialTokens : userDefinedTokens
        var merger = BytePairMerger(merges)
        var tokens: [TokenID] = []
        if addsSpecial, let beginning { tokens.append(beginning) }
        var start = 0
        while let special = matcher.first(in: text, from: start) {
            encode(text, start..<special.range.lowerBound, with: &merger, into: &tokens)
            tokens.append(special.token)
            start = special.range.upperBound
        }
        encode(text, start..<text.count, with: &merger, into: &tokens)
        return tokens
    }

    private func encode(
        _ text: [UInt8], _ range: Range<Int>, with merger: inout BytePairMerger, into tokens: inout [TokenID]
    ) {
        for word in preTokenizer.words(of: text, in: range) {
            if preTokenizer.keepsWholeWords, let token = words[text[word]] {
                tokens.append(token)
            } else {
                merger.merge(text[word].lazy.compactMap { bytes[Int($0)] }, into: &tokens)
            }
        }
    }

    /// The bytes of a token; none for ids beyond the vocabulary.
    package func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8] {
        guard texts.indices.contains(Int(token)) else { return [] }
        switch types[Int(token)] {
        case .control, .unknown: return rendersSpecial ? texts[Int(token)] : []
        case .normal, .userDefined, .byte: return texts[Int(token)]
        case .unused: return []
        }
    }
}

/// Which tokens end a text.
private enum EndOfText {
    /// Names by which control tokens end a turn or a text, whatever the metadata says. Source: llama.cpp.
    private static let names: Set<String> = [
        "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<|return|>",
        "<|call|>", "<end_of_turn>", "<end_of_utterance>", "<EOT>", "_<EOT>", "</s>",
    ]

    static func tokens(of vocabulary: Vocabulary, _ types: [TokenType]) -> Set<TokenID> {
        var tokens = Set([vocabulary.endOfText, vocabulary.endOfTurn].compactMap(\.self))
        for (id, type) in types.enumerated() where type == .control && names.contains(vocabulary.tokens[id]) {
            tokens.insert(TokenID(id))
        }
        return tokens
    }
}
