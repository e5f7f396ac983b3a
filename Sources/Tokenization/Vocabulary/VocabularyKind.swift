import Quantities

/// The families of tokenizer, by their names in `tokenizer.ggml.model`.
enum VocabularyKind: String {
    /// Byte-pair encoding of bytes.
    case gpt2
    /// SentencePiece's merges by score.
    case llama
    /// WordPiece.
    case bert
    /// SentencePiece's unigram model.
    case t5
    /// Byte-pair encoding of characters.
    case gemma4

    /// What a vocabulary means where its file does not say.
    struct Customs {
        var beginning: TokenID?
        var end: TokenID?
        var unknown: TokenID?
        var addsBeginning = false
        /// Whether a beginning is added even where the file says otherwise.
        var alwaysAddsBeginning = false
        var addsEnd = false
        var addsSeparator = false
    }

    /// - Throws: `TokenizerError.unsupportedPreTokenizer`.
    func preTokenizer(_ name: String) throws(TokenizerError) -> PreTokenizer? {
        switch self {
        case .gpt2: try PreTokenizer(named: name)
        case .gemma4: try PreTokenizer(named: "gemma4")
        case .llama, .bert, .t5: nil
        }
    }

    func customs(_ preTokenizer: PreTokenizer?) -> Customs {
        switch self {
        case .gpt2, .gemma4:
            let customs = preTokenizer?.customs ?? []
            return Customs(
                addsBeginning: customs.contains(.addsBeginning),
                alwaysAddsBeginning: customs.contains(.readsCharacters),
                addsSeparator: customs.contains(.addsSeparator))
        case .llama: return Customs(beginning: 1, end: 2, unknown: 0, addsBeginning: true)
        case .bert: return Customs(addsBeginning: true)
        case .t5: return Customs(end: 1, unknown: 2, addsEnd: true)
        }
    }
}
