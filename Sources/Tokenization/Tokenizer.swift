package import Quantities

/// Text to tokens and back, as the model was trained.
package protocol Tokenizer: Sendable {
    var vocabularySize: Int { get }
    /// Tokens that end a text: end of sequence, end of turn.
    var endOfTextTokens: Set<TokenID> { get }

    /// - Parameters:
    ///   - parsesSpecial: whether the text of special tokens (`<|im_start|>`) becomes those tokens.
    ///   - addsSpecial: whether the tokens that begin and end a text are added, where the model wants them.
    func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID]

    /// Two texts that are read as one, as by a model that ranks answers to a question.
    func encode(_ first: String, and second: String) -> [TokenID]

    /// The bytes that a token stands for; they may be a part of a UTF-8 character. Special tokens give their text only
    /// when `rendersSpecial`.
    func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8]

    /// Whether text after `token`, or where a text begins, is encoded with a space in front that is not its own.
    func addsSpace(after token: TokenID?) -> Bool
}

extension Tokenizer {
    package func addsSpace(after token: TokenID?) -> Bool { false }

    package func encode(_ first: String, and second: String) -> [TokenID] {
        [first, second].flatMap { encode($0, parsesSpecial: false, addsSpecial: true) }
    }
}
