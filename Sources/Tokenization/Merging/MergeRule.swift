import Quantities

/// A piece of text while its neighbours are merged with it.
struct MergeSymbol: Sendable {
    /// Nil where no token has this text, and once the symbol has become a part of its left neighbour.
    var token: TokenID?
    var start: Int
    var end: Int
}

/// Which neighbouring symbols become one, and which pair goes first.
protocol MergeRule: Sendable {
    /// The token that two neighbours become, and how urgent that is: the lowest rank goes first.
    func merge(_ left: MergeSymbol, _ right: MergeSymbol, of text: [UInt8]) -> (rank: Int32, product: TokenID)?
}

/// Byte-pair encoding: pairs that were found in training, the most frequent first.
struct RankedMerges: MergeRule {
    private struct Pair: Hashable {
        let left: TokenID
        let right: TokenID
    }

    private var merges: [Pair: (rank: Int32, product: TokenID)] = [:]

    /// - Parameter lines: pairs by rank, `left right`.
    /// - Throws: `TokenizerError.malformedMerge` or `.mergeWithoutToken`.
    init(_ lines: [String], _ index: TokenIndex) throws(TokenizerError) {
        merges.reserveCapacity(lines.count)
        for (rank, line) in lines.enumerated() {
            var text = Array(line.utf8)
            guard let gap = text.dropFirst().firstIndex(of: UInt8(ascii: " ")), gap + 1 < text.count else {
                throw .malformedMerge(rank)
            }
            func token(_ range: Range<Int>) throws(TokenizerError) -> TokenID {
                guard let token = index.token(of: text, range) else {
                    throw .mergeWithoutToken(rank, text: String(decoding: text[range], as: UTF8.self))
                }
                return token
            }
            let pair = Pair(left: try token(0..<gap), right: try token((gap + 1)..<text.count))
            text.remove(at: gap)
            let product = try token(text.indices)
            if merges[pair] == nil { merges[pair] = (Int32(rank), product) }
        }
    }

    func merge(_ left: MergeSymbol, _ right: MergeSymbol, of text: [UInt8]) -> (rank: Int32, product: TokenID)? {
        guard let left = left.token, let right = right.token else { return nil }
        return merges[Pair(left: left, right: right)]
    }
}

/// SentencePiece's way: any neighbours whose joined text is a token, that of the highest score first.
struct ScoredMerges: MergeRule {
    private let tokens: CheckedVocabulary
    /// The place of each token's score among all scores, the highest first; equal scores have equal ranks.
    private let ranks: [Int32]

    init(_ tokens: CheckedVocabulary, scores: [Float]) {
        self.tokens = tokens
        var ranks = [Int32](repeating: 0, count: scores.count)
        var last: (score: Float, rank: Int32) = (.infinity, 0)
        for token in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if scores[token] < last.score { last = (scores[token], last.rank + 1) }
            ranks[token] = last.rank
        }
        self.ranks = ranks
    }

    func merge(_ left: MergeSymbol, _ right: MergeSymbol, of text: [UInt8]) -> (rank: Int32, product: TokenID)? {
        guard let token = tokens.plainToken(of: text, left.start..<right.end) else { return nil }
        return (ranks[Int(token)], token)
    }
}
