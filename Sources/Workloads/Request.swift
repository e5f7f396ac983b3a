package import Quantities

/// One request as it arrives.
package struct Request: Hashable, Sendable, Codable {
    package var arrival: Seconds
    package var model: String
    package var promptTokens: Int
    package var outputTokens: Int

    package init(arrival: Seconds, model: String, promptTokens: Int, outputTokens: Int) {
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
