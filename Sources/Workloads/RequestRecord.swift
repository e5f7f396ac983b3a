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

/// What became of one request.
package struct RequestRecord: Hashable, Sendable, Codable {
    package var model: String
    package var arrival: Seconds
    package var promptTokens: Int
    /// Tokens that were generated.
    package var outputTokens: Int
    /// When the first token was there; `nil` if none came.
    package var firstToken: Seconds?
    /// When the last token was there; `nil` if the request failed or was cancelled.
    package var finish: Seconds?
    /// The latency that the request has alone on its devices, from which the latency objectives are scaled.
    package var unloadedLatency: Seconds?
    /// Times that the sequence was preempted.
    package var preemptions: Int

    package init(
        model: String, arrival: Seconds, promptTokens: Int, outputTokens: Int, firstToken: Seconds?, finish: Seconds?,
        unloadedLatency: Seconds? = nil, preemptions: Int = 0
    ) {
        self.model = model
        self.arrival = arrival
        self.promptTokens = promptTokens
        self.outputTokens = outputTokens
        self.firstToken = firstToken
        self.finish = finish
        self.unloadedLatency = unloadedLatency
        self.preemptions = preemptions
    }

    /// From arrival to the last token.
    package var latency: Seconds? { finish.map { $0 - arrival } }

    package var timeToFirstToken: Seconds? { firstToken.map { $0 - arrival } }

    /// The mean gap between tokens behind the first; `nil` where there are fewer than two.
    package var timePerOutputToken: Seconds? {
        guard outputTokens > 1, let finish, let firstToken else { return nil }
        return (finish - firstToken) / Double(outputTokens - 1)
    }

    /// Whether the request finished within `scale` times its unloaded latency.
    package func attains(scale: Double) -> Bool {
        guard let latency, let unloadedLatency else { return false }
        return latency <= scale * unloadedLatency
    }
}
