/// One event of a streamed completion, as far as it is measured.
struct CompletionChunk: Decodable {
    struct Choice: Decodable {
        var text: String?
        var finishReason: String?

        enum CodingKeys: String, CodingKey {
            case text
            case finishReason = "finish_reason"
        }
    }

    struct Usage: Decodable {
        var promptTokens: Int
        var completionTokens: Int

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }
    }

    var choices: [Choice]?
    var usage: Usage?
    var error: EndpointFault?
}
