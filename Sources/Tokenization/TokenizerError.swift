package import Quantities

/// Why a vocabulary is no tokenizer.
package enum TokenizerError: Error, Sendable, Hashable {
    case unsupportedModel(String)
    case unsupportedPreTokenizer(String)
    case emptyVocabulary
    /// More tokens than a `TokenID` can count.
    case tooManyTokens(Int)
    case typeCount(tokens: Int, types: Int)
    case unknownType(TokenID, type: Int32)
    case duplicateToken(TokenID, TokenID)
    /// A special token of more than `SpecialTokenMatcher.longest` bytes.
    case specialTokenTooLong(TokenID, bytes: Int)
    /// A token of type byte that is not spelt `<0xNN>`.
    case malformedByte(TokenID)
    /// A merge that is not two words with a space between.
    case malformedMerge(Int)
    /// A merge with a part or a product that the vocabulary does not have.
    case mergeWithoutToken(Int, text: String)
    /// A token id, such as that of the end of text, beyond the vocabulary.
    case tokenOutOfRange(role: String, id: TokenID)
    case missingBeginning
    /// A kind of tokenizer needs a token that the vocabulary does not name.
    case missingToken(role: String)
    case scoreCount(tokens: Int, scores: Int)
    /// A score that is no number, or infinite.
    case malformedScore(TokenID, Float)
    case malformedCharacterMap(String)
}

extension TokenizerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsupportedModel(let name): "tokenizer model \(quoted(name)) is not supported"
        case .unsupportedPreTokenizer(let name): "pre-tokenizer \(quoted(name)) is not supported"
        case .emptyVocabulary: "the vocabulary is empty"
        case .tooManyTokens(let count): "the vocabulary has \(count) tokens, more than a token id can count"
        case .typeCount(let tokens, let types): "the vocabulary has \(tokens) tokens but \(types) token types"
        case .unknownType(let token, let type): "token \(token) has the unknown type \(type)"
        case .duplicateToken(let first, let second): "tokens \(first) and \(second) have the same text"
        case .specialTokenTooLong(let token, let bytes): "special token \(token) has \(bytes) bytes"
        case .malformedByte(let token): "byte token \(token) is not spelt <0xNN>"
        case .malformedMerge(let index): "merge \(index) is not a pair of tokens"
        case .mergeWithoutToken(let index, let text): "merge \(index) needs the token \(quoted(text)), which is missing"
        case .tokenOutOfRange(let role, let id): "the \(role) token \(id) is not in the vocabulary"
        case .missingBeginning: "texts shall begin with a token, but the vocabulary names none"
        case .missingToken(let role): "the vocabulary names no \(role) token"
        case .scoreCount(let tokens, let scores): "the vocabulary has \(tokens) tokens but \(scores) scores"
        case .malformedScore(let token, let score): "token \(token) has the score \(score)"
        case .malformedCharacterMap(let reason): "the vocabulary's map of characters is broken: \(reason)"
        }
    }

    private func quoted(_ text: String) -> String { String(text.prefix(64)).debugDescription }
}
