import Tokenization

/// The body of `POST /v1/chat/completions`.
struct ChatRequest: Decodable {
    /// OpenAI's limit.
    private static let alternativeLimit = 20

    private enum CodingKeys: String, CodingKey {
        case messages, logprobs, tools, functions
        case topLogprobs = "top_logprobs"
    }

    var turns: [ChatTurn]
    /// How many alternatives are reported beside each token; `nil` reports no log probabilities.
    var topLogprobs: Int?
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        try fields.refuse(.tools, "cannot be used: this server does not call tools")
        try fields.refuse(.functions, "cannot be used: this server does not call functions")
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
}

/// One element of `messages`.
struct ChatTurn: Decodable {
    private enum CodingKeys: String, CodingKey {
        case role, content
        case toolCalls = "tool_calls"
    }

    var message: ChatMessage

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        guard let role: String = try fields.field(.role), !role.isEmpty else {
            throw fields.wrong(.role, "is missing")
        }
        try fields.refuse(.toolCalls, "cannot be used: this server does not call tools")
        let content: Content? = try fields.field(.content)
        // OpenAI's newer name for the system role, which no template knows.
        message = ChatMessage(role: role == "developer" ? "system" : role, content: content?.text ?? "")
    }

    /// A string, or parts of which all are text.
    private struct Content: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try container.ifType(String.self) {
                self.text = text
            } else if let parts = try container.ifType([Part].self) {
                text = parts.map(\.text).joined(separator: "\n")
            } else {
                throw APIError.wrong(decoder.codingPath, "must be a string or an array of text parts")
            }
        }
    }

    private struct Part: Decodable {
        private enum CodingKeys: CodingKey { case type, text }

        var text: String

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            let type: String = try fields.field(.type) ?? "text"
            guard type == "text" else {
                throw APIError.wrong(
                    decoder.codingPath, "is of type `\(type.abridged)`; only text parts are supported")
            }
            guard let text: String = try fields.field(.text) else { throw fields.wrong(.text, "is missing") }
            self.text = text
        }
    }
}
