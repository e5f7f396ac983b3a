public import Tokenization
public import Transformer

/// One sequence that a client wants continued.
public struct GenerationRequest: Sendable {
    /// The name under which the model is served.
    public var model: String
    /// The prompt's tokens; must not be empty.
    public var prompt: [TokenID]
    /// The most tokens to generate; `nil` goes on until the model's context is full.
    public var maxTokens: Int?
    /// End-of-text tokens are not drawn before this many tokens were generated.
    public var minTokens: Int = 0
    /// Goes on after an end-of-text token, as load generators ask for.
    public var ignoresEndOfText = false
    /// Generation ends before the first of these strings; they are not part of the text.
    public var stop: [String] = []
    public var sampling = SamplingOptions()
    /// How many of the likeliest alternatives to report beside each token; `nil` reports no log probabilities.
    public var topLogprobs: Int?

    public init(model: String, prompt: [TokenID]) {
        self.model = model
        self.prompt = prompt
    }
}
