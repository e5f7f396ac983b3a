/// One request as it arrives.
public struct Request: Hashable, Sendable, Codable {
    public var arrival: Seconds
    public var model: String
    public var promptTokens: Int
    public var outputTokens: Int

    public init(arrival: Seconds, model: String, promptTokens: Int, outputTokens: Int) {
        self.arrival = arrival
        self.model = model
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
    }

    enum CodingKeys: String, CodingKey {
        case arrival
        case model
        case promptTokens = "prompt_tokens"
        case outputTokens = "output_tokens"
    }
}
