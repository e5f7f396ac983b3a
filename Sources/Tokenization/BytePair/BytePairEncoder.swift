import Quantities

/// Byte-pair encoding: text is cut into words, and the symbols of each are merged into tokens by rank.
///
/// The symbols are bytes (`gpt2`; Radford et al. 2019), or characters that fall to their bytes where they are no token
/// (`gemma4`).
struct BytePairEncoder: TextEncoder {
    private let preTokenizer: PreTokenizer
    private let tokens: CheckedVocabulary
    /// The token of each single byte, where there is one.
    private let bytes: [TokenID?]
    private let merges: RankedMerges

    /// - Throws: `TokenizerError` for merges that do not fit the vocabulary.
    init(
        _ vocabulary: Vocabulary, _ tokens: CheckedVocabulary, _ preTokenizer: PreTokenizer
    ) throws(TokenizerError) {
        self.preTokenizer = preTokenizer
        self.tokens = tokens
        merges = try RankedMerges(vocabulary.merges, tokens.index)
        bytes =
            preTokenizer.customs.contains(.readsCharacters)
            ? tokens.byteTokens : ByteAlphabet.spellings.map { tokens.index.token(of: $0, $0.indices) }
    }

    /// A byte that the vocabulary has no token for is left out, as in llama.cpp.
    ///
    /// - Complexity: O(n log n) in the bytes of the longest word, linear otherwise.
    func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [TokenID]) {
        var merger = SymbolMerger(merges)
        guard preTokenizer.customs.contains(.readsCharacters) else {
            for word in preTokenizer.words(of: text, in: range) {
                if let token = wholeWord(text, word) {
                    result.append(token)
                } else {
                    encodeBytes(text, word, &merger, into: &result)
                }
            }
            return
        }
        var marked: [UInt8] = []
        SpaceMark.encode(text, range, into: &marked)
        for word in preTokenizer.words(of: marked, in: marked.indices) {
            // A run of newlines is taken whole, although no merges lead to it.
            if marked[word.lowerBound] == UInt8(ascii: "\n"), let token = tokens.plainToken(of: marked, word) {
                result.append(token)
            } else {
                encodeCharacters(marked, word, &merger, into: &result)
            }
        }
    }

    /// The token that is all of a word, for rules that do not merge those.
    private func wholeWord(_ text: [UInt8], _ word: Range<Int>) -> TokenID? {
        guard preTokenizer.customs.contains(.keepsWholeWords) else { return nil }
        let spelt = text[word].flatMap { ByteAlphabet.spellings[Int($0)] }
        guard let token = tokens.index.token(of: spelt, spelt.indices), tokens.types[Int(token)] == .normal else {
            return nil
        }
        return token
    }

    private func encodeBytes(
        _ text: [UInt8], _ word: Range<Int>, _ merger: inout SymbolMerger<RankedMerges>, into result: inout [TokenID]
    ) {
        for position in word {
            guard let token = bytes[Int(text[position])] else { continue }
            merger.append(MergeSymbol(token: token, start: position, end: position + 1))
        }
        merger.merge(text) { symbol in
            if let token = symbol.token { result.append(token) }
        }
    }

    private func encodeCharacters(
        _ text: [UInt8], _ word: Range<Int>, _ merger: inout SymbolMerger<RankedMerges>, into result: inout [TokenID]
    ) {
        var position = word.lowerBound
        while position < word.upperBound {
            let end = text.scalarEnd(position)
            merger.append(
                MergeSymbol(token: tokens.plainToken(of: text, position..<end), start: position, end: end))
            position = end
        }
        merger.merge(text) { symbol in
            if let token = symbol.token {
                result.append(token)
            } else {
                result.append(contentsOf: text[symbol.start..<symbol.end].lazy.compactMap { bytes[Int($0)] })
            }
        }
    }
}
