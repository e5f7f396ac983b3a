package import Quantities
import Tokenization

/// What a sequence reports while it is generated, in order: tokens, then one end.
package enum GenerationEvent: Sendable {
    case token(GeneratedToken)
    case finished(FinishReason, TokenUsage)
}

/// One token of the output and the text that became certain with it.
package struct GeneratedToken: Sendable {
    package var id: TokenID
    /// Text to append; empty while a character is incomplete or a stop string may have begun.
    package var text: String
    /// Present when the request asked for log probabilities.
    package var logprob: TokenLogprob?

    package init(id: TokenID, text: String, logprob: TokenLogprob? = nil) {
        self.id = id
        self.text = text
        self.logprob = logprob
    }
}

/// The natural logarithm of a token's probability, and of its likeliest alternatives, before temperature and penalties.
package struct TokenLogprob: Sendable {
    package var logprob: Float
    /// The likeliest tokens of this step, best first.
    package var top: [(id: TokenID, logprob: Float)]

    package init(logprob: Float, top: [(id: TokenID, logprob: Float)]) {
        self.logprob = logprob
        self.top = top
    }
}

/// Why a sequence ended.
package enum FinishReason: String, Sendable {
    /// An end-of-text token or a stop string.
    case stop
    /// `maxTokens` or the model's context was reached.
    case length
}

/// The tokens that a request took.
package struct TokenUsage: Sendable, Hashable {
    package var promptTokens: Int
    package var completionTokens: Int
    /// Tokens of the prompt whose KV pages were found in the prefix index.
    package var cachedTokens: Int

    package init(promptTokens: Int, completionTokens: Int, cachedTokens: Int = 0) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.cachedTokens = cachedTokens
    }
}
