import Quantities

/// SentencePiece's byte-pair encoding (`llama`): characters are merged by the scores of what they become.
///
/// Source: Kudo & Richardson 2018.
struct MergingEncoder: TextEncoder {
    private let tokens: CheckedVocabulary
    private let merges: ScoredMerges
    private let unknown: TokenID?
    private let addsSpacePrefix: Bool

    init(_ tokens: CheckedVocabulary, scores: [Float], unknown: TokenID?, addsSpacePrefix: Bool) {
        self.tokens = tokens
        merges = ScoredMerges(tokens, scores: scores)
        self.unknown = unknown
        self.addsSpacePrefix = addsSpacePrefix
    }

    /// - Complexity: O(n log n) in the bytes of the text.
    func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [TokenID]) {
        var marked = addsSpacePrefix ? SpaceMark.bytes : []
        SpaceMark.encode(text, range, into: &marked)
        var merger = SymbolMerger(merges)
        var position = 0
        while position < marked.count {
            let end = marked.scalarEnd(position)
            merger.append(
                MergeSymbol(token: tokens.plainToken(of: marked, position..<end), start: position, end: end))
            position = end
        }
        merger.merge(marked) { symbol in
            if let token = symbol.token {
                result.append(token)
                return
            }
            let bytes = marked[symbol.start..<symbol.end].compactMap { tokens.byteTokens[Int($0)] }
            if bytes.count == symbol.end - symbol.start {
                result.append(contentsOf: bytes)
            } else if let unknown {
                result.append(unknown)
            }
        }
    }
}
