import Quantities

/// The tokens that are added to a text.
struct AddedTokens: Sendable {
    /// What is added before and after a text.
    let head: [TokenID]
    let tail: [TokenID]
    /// What stands between two texts that are read as a pair, beside the tail of the first.
    let separator: [TokenID]

    /// - Throws: `TokenizerError.missingBeginning` or `.missingToken` where a token shall be added that is not named.
    init(
        _ vocabulary: Vocabulary, _ kind: VocabularyKind, _ customs: VocabularyKind.Customs, beginning: TokenID?,
        end: TokenID?
    ) throws(TokenizerError) {
        let addsBeginning = customs.alwaysAddsBeginning || vocabulary.addsBeginning ?? customs.addsBeginning
        // Some rules of `gpt2` add a beginning by custom alone, if there is one.
        if addsBeginning, beginning == nil, vocabulary.addsBeginning == true || kind != .gpt2 {
            throw .missingBeginning
        }
        head = addsBeginning ? [beginning].compactMap(\.self) : []
        if kind == .bert {
            // The flags for the end are about pairs only, or missing.
            guard let token = vocabulary.separator else { throw .missingToken(role: "separator") }
            (tail, separator) = ([token], [])
            return
        }
        let addsEnd = vocabulary.addsEnd ?? customs.addsEnd
        if addsEnd, end == nil { throw .missingToken(role: "end-of-text") }
        tail = addsEnd ? [end].compactMap(\.self) : []
        let addsSeparator = vocabulary.addsSeparator ?? customs.addsSeparator
        separator = addsSeparator ? [vocabulary.separator ?? end].compactMap(\.self) : []
    }
}
