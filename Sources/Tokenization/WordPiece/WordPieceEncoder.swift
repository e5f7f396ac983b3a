import Quantities
@_spi(_Unicode) import Swift

/// WordPiece (`bert`): words are cut into the longest tokens there are, from the left.
///
/// Where a word begins, its token begins with a mark; the file's converter turned `##x`, which goes on with a word, to
/// `x`. Source: Devlin et al. 2018.
struct WordPieceEncoder: TextEncoder {
    private let trie: ByteTrie
    private let unknown: TokenID
    private let lowercases: Bool
    private let stripsAccents: Bool

    init(_ vocabulary: Vocabulary, _ tokens: CheckedVocabulary, unknown: TokenID) {
        trie = ByteTrie(
            tokens.types.indices.filter { tokens.types[$0].isPlain }.map {
                (Array(vocabulary.tokens[$0].utf8)[...], Int32($0))
            })
        self.unknown = unknown
        lowercases = vocabulary.lowercases ?? true
        stripsAccents = vocabulary.stripsAccents ?? lowercases
    }

    /// - Complexity: O(bytes · longest token).
    func encode(_ text: [UInt8], _ range: Range<Int>, into result: inout [TokenID]) {
        for word in words(String(decoding: text[range], as: UTF8.self)) {
            let start = result.count
            var position = 0
            while position < word.count {
                guard let (token, end) = trie.longestMatch(in: word, position..<word.count) else {
                    result.removeSubrange(start...)
                    result.append(unknown)
                    break
                }
                result.append(token)
                position = end
            }
        }
    }

    /// The words of a text, each with the mark in front.
    private func words(_ text: String) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var word = SpaceMark.bytes
        func finish() {
            if word.count > SpaceMark.bytes.count { words.append(word) }
            word.removeSubrange(SpaceMark.bytes.count...)
        }
        func take(_ scalar: Unicode.Scalar) {
            let properties = scalar.properties
            let category = properties.generalCategory
            if scalar == "\t" || scalar == "\n" || scalar == "\r" { return finish() }
            if scalar.value == 0xFFFD || category.isControl { return }
            if properties.isWhitespace { return finish() }
            if stripsAccents, category == .nonspacingMark { return }
            let standsAlone = category.isPunctuation || scalar.isASCII && category.isSymbol || scalar.isIdeograph
            if standsAlone { finish() }
            word.append(contentsOf: lowercases ? Array(properties.lowercaseMapping.utf8) : Array(String(scalar).utf8))
            if standsAlone { finish() }
        }
        if stripsAccents { text._nfd.forEach(take) } else { text.unicodeScalars.forEach(take) }
        finish()
        return words
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isControl: Bool {
        switch self {
        case .control, .format, .surrogate, .privateUse: true
        default: false
        }
    }

    fileprivate var isPunctuation: Bool {
        switch self {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            true
        default: false
        }
    }

    fileprivate var isSymbol: Bool {
        switch self {
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: true
        default: false
        }
    }
}

extension Unicode.Scalar {
    /// Whether BERT takes this for a Chinese character, which is a word of its own. One block begins later than it
    /// should, as in the tokenizers that made the models' texts.
    fileprivate var isIdeograph: Bool {
        switch value {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
            0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
