public import KVCache

/// A request that reaches its unit.
public struct Arrival: Hashable, Sendable {
    public var request: RequestID
    public var model: ModelID
    public var promptTokens: Int
    /// The most tokens to generate.
    public var maxTokens: Int
    /// The prompt, by which prefixes are shared; empty where nobody knows it.
    public var prompt: [Int32]

    public init(request: RequestID, model: ModelID, promptTokens: Int, maxTokens: Int, prompt: [Int32] = []) {
        precondition(promptTokens > 0 && maxTokens > 0, "a request has a prompt and wants at least one token")
        precondition(prompt.isEmpty || prompt.count == promptTokens, "the prompt has \(prompt.count) tokens")
        self.request = request
        self.model = model
        self.promptTokens = promptTokens
        self.maxTokens = maxTokens
        self.prompt = prompt
    }
}
