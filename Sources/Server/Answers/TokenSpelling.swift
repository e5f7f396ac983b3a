import Quantities
import Tokenization

/// Tokens as log probabilities name them: by their text and their bytes.
struct TokenSpelling: Sendable {
    let tokenizer: any Tokenizer

    func bytes(_ token: TokenID) -> [UInt8] { tokenizer.bytes(of: token, rendersSpecial: true) }

    /// The token's text; part of a character reads as U+FFFD.
    func text(_ token: TokenID) -> String { String(decoding: bytes(token), as: UTF8.self) }

    /// JSON has no infinity; OpenAI writes -9999 for what cannot happen.
    static func finite(_ logprob: Float) -> Float { logprob.isFinite ? max(logprob, -9999) : -9999 }
}
