package import Quantities

/// Text to tokens and back, as the model was trained.
package protocol Tokenizer: Sendable {
    var vocabularySize: Int { get }
    /// Tokens that end a text: end of sequence, end of turn.
    var endOfTextTokens: Set<TokenID> { get }

    /// - Parameters:
    ///   - parsesSpecial: whether the text of special tokens (`<|im_start|>`) becomes those tokens.
    ///   - addsSpecial: whether a beginning-of-sequence token is put in front, where the model wants one.
    func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID]

    /// The bytes that a token stands for; they may be a part of a UTF-8 character. Special tokens give their text only
    /// when `rendersSpecial`.
    func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8]
}
