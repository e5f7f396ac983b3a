package import Quantities
import Tokenization
package import Transformer

/// One sequence that a client wants continued.
package struct GenerationRequest: Sendable {
    /// The name under which the model is served.
    package var model: String
    /// The prompt's tokens; must not be empty.
    package var prompt: [TokenID]
    /// The most tokens to generate; `nil` goes on until the model's context is full.
    package var maxTokens: Int?
    /// End-of-text tokens are not drawn before this many tokens were generated.
    package var minTokens: Int = 0
    /// Goes on after an end-of-text token, as load generators ask for.
    package var ignoresEndOfText = false
    /// Generation ends before the first of these strings; they are not part of the text.
    package var stop: [String] = []
    package var sampling = SamplingOptions()
    /// How many of the likeliest alternatives to report beside each token; `nil` reports no log probabilities.
    package var topLogprobs: Int?

    package init(model: String, prompt: [TokenID]) {
        self.model = model
        self.prompt = prompt
    }
}
