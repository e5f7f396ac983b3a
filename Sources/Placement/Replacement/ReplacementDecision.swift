/// What was decided, and on which grounds.
package struct ReplacementDecision: Hashable, Sendable, Codable {
    /// What was measured of a model.
    package struct Rate: Hashable, Sendable, Codable {
        package var model: String
        /// Requests per second.
        package var rate: Double
        package var promptTokens: Double
        package var outputTokens: Double

        package init(_ demand: ModelDemand) {
            (model, rate) = (demand.name, demand.rate)
            (promptTokens, outputTokens) = (demand.meanPromptTokens, demand.meanOutputTokens)
        }

        enum CodingKeys: String, CodingKey {
            case model
            case rate
            case promptTokens = "prompt_tokens"
            case outputTokens = "output_tokens"
        }
    }

    package var rates: [Rate]
    /// What the objective says of the models as they are: requests per second that are served well.
    package var scoreBefore = 0.0
    /// The same, with the best that was found.
    package var scoreAfter = 0.0
    /// Requests that its moves cost, once.
    package var lost = 0.0
    /// In the order in which they are made; none where nothing is to move.
    package var moves: [ModelMove] = []
    /// What all moves gain together, or why nothing moves.
    package var reason: String

    enum CodingKeys: String, CodingKey {
        case rates
        case scoreBefore = "served_well_now"
        case scoreAfter = "served_well_then"
        case lost = "requests_lost"
        case moves
        case reason
    }
}

extension Double {
    /// As sentences have it: to hundredths, and finer below a tenth.
    var inWords: String {
        guard isFinite else { return "\(self)" }
        let places = abs(self) < 0.1 ? 1e4 : 1e2
        return "\((self * places).rounded() / places)"
    }
}
