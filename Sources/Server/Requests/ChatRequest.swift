/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Decodable {
    private static let alternativeLimit = 20

    private enum CodingKeys: String, CodingKey {
        case messages, logprobs, tools, functions
        case topLogprobs = "top_logprobs"
        case responseFormat = "response_format"
    }

    var turns: [ChatTurn]
    /// How many alternatives are reported beside each token; `nil` reports no log probabilities.
    var topLogprobs: Int?
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.refuse(.tools, "cannot be used: this server does not call tools")
        try fields.refuse(.functions, "cannot be used: this server does not call functions")
        if let format: ResponseFormat = try fields.field(.responseFormat), format.type != "text" {
            throw fields.wrong(.responseFormat, "must be of type `text`, the only one supported")
        }
        turns = try fields.field(.messages) ?? []
        guard !turns.isEmpty else { throw fields.wrong(.messages, "must have at least one message") }

        let reportsLogprobs = try fields.field(.logprobs) ?? false
        let alternatives = try fields.integer(.topLogprobs, in: 0...Self.alternativeLimit)
        guard reportsLogprobs || (alternatives ?? 0) == 0 else {
            throw fields.wrong(.topLogprobs, "needs `logprobs` to be true")
        }
        topLogprobs = reportsLogprobs ? alternatives ?? 0 : nil
        options = try GenerationOptions(from: decoder)
    }

    private struct ResponseFormat: Decodable { var type: String }
}
