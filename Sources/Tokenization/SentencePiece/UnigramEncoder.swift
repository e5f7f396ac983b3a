import Quantities

/// SentencePiece's unigram model (`t5`): of all ways to cut a text into tokens, the one of the highest sum of scores.
///
/// Source: Kudo 2018.
struct UnigramEncoder: TextEncoder {
    /// How much less likely a character that is no token is than the least likely token.
    private static let unknownPenalty = 10.0

    private let characterMap: CharacterMap
    private let trie: ByteTrie
    private let userDefined: ByteTrie
    /// By token; logarithms.
    private let scores: [Double]
    private let unknown: TokenID
    private let unknownScore: Double
    private let addsSpacePrefix: Bool
    private let removesExtraWhitespace: Bool

    /// - Throws: `TokenizerError.malformedCharacterMap`, or for scores that are missing or no numbers.
    init(
        _ vocabulary: Vocabulary, _ tokens: CheckedVocabulary, unknown: TokenID, addsSpacePrefix: Bool
    ) throws(TokenizerError) {
        func trie(_ isMember: (TokenType) -> Bool) -> ByteTrie {
            ByteTrie(
                tokens.types.indices.filter { isMember(tokens.types[$0]) }.map {
                    (Array(vocabulary.tokens[$0].utf8)[...], Int32($0))
                })
        }
        let given = try vocabulary.checkedScores
        characterMap = try CharacterMap(vocabulary.characterMap)
        self.trie = trie(\.isPlain)
        userDefined = trie { $0 == .userDefined }
        // Scores of normal tokens are below 0, so that a user-defined one is taken wherever it is found.
        scores = zip(given, tokens.types).map { $1 == .userDefined ? 0 : Double($0) }
        self.unknown = unknown
        let lowest = tokens.types.indices.lazy.filter { tokens.types[$0] == .normal }.map { vocabulary.scores[$0] }
            .min()
        unknownScore = Double(lowest ?? 0) - Self.unknownPenalty
        self.addsSpacePrefix = addsSpacePrefix
        removesExtraWhitespace = vocabulary.removesExtraWhitespace ?? false
    }

    /// - Complexity: O(bytes · longest token).
    func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [TokenID]) {
        let text = normalised(text, range)
        guard !text.isEmpty else { return }
        /// The best way to cut the text up to a place: its last token, where that begins, and the sum of scores.
        var best = [(token: TokenID, start: Int, score: Double)](
            repeating: (unknown, 0, -.infinity), count: text.count + 1)
        best[0].score = 0
        var position = 0
        while position < text.count {
            let next = text.scalarEnd(position)
            let score = best[position].score
            func offer(_ token: TokenID, _ end: Int, _ score: Double) {
                if score > best[end].score { best[end] = (token, position, score) }
            }
            var coversCharacter = false
            var end = position
            var node = trie.root
            while end < text.count, let child = trie.child(of: node, text[end]) {
                node = child
                end += 1
                guard let token = trie.value(at: node) else { continue }
                if end == next { coversCharacter = true }
                offer(token, end, score + scores[Int(token)])
            }
            if !coversCharacter { offer(unknown, next, score + unknownScore) }
            position = next
        }
        result.append(contentsOf: way(best).reversed())
    }

    /// The tokens of the best way, from the last to the first. Unknown ones in a row are one.
    private func way(_ best: [(token: TokenID, start: Int, score: Double)]) -> [TokenID] {
        var tokens: [TokenID] = []
        var end = best.count - 1
        while end > 0 {
            if best[end].token != unknown || tokens.last != unknown { tokens.append(best[end].token) }
            end = best[end].start
        }
        return tokens
    }

    /// The text after all replacements, with marks for spaces.
    private func normalised(_ text: [UInt8], _ range: Range<Int>) -> [UInt8] {
        var spaced: [UInt8] = []
        var position = range.lowerBound
        while position < range.upperBound {
            let rest = position..<range.upperBound
            if let (_, end) = userDefined.longestMatch(in: text, rest) {
                spaced.append(contentsOf: text[position..<end])
                position = end
            } else if let (bytes, end) = characterMap.replacement(in: text, rest) {
                spaced.append(contentsOf: bytes)
                position = end
            } else {
                let end = text.scalarEnd(position)
                spaced.append(contentsOf: text[position..<end])
                position = end
            }
        }
        let space = UInt8(ascii: " ")
        if removesExtraWhitespace {
            spaced = Array(spaced.split(separator: space).joined(separator: CollectionOfOne(space)))
        }
        guard !spaced.isEmpty else { return [] }
        var marked = addsSpacePrefix ? SpaceMark.bytes : []
        SpaceMark.encode(spaced, spaced.indices, into: &marked)
        return marked
    }
}
