import Chat
import Engine
import HTTPTypes
import Jinja

/// Answers of `/v1/messages`.
struct MessagesFormat: AnswerFormat {
    var id: String
    var model: String
    var reading: ChatReading
    /// Tokens of the prompt, which a stream tells first.
    var promptTokens: Int

    func stream(choices: Int) -> any AnswerStream { Stream(format: self, reader: AnswerReader(reading)) }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        var reader = AnswerReader(reading)
        for token in choices[0].tokens { _ = reader.append(token) }
        _ = reader.finish()
        let output = reader.output
        var blocks: [Block] = []
        if !output.reasoning.isEmpty { blocks.append(.thinking(output.reasoning)) }
        if !output.text.isEmpty { blocks.append(.text(output.text)) }
        blocks += output.calls.map { .use(id: $0.id ?? "", name: $0.name, input: JSONObject(text: $0.arguments)) }
        return message(blocks, reason: word(choices[0].reason, output), usage: AnthropicUsage(usage))
    }

    private func message(_ blocks: [Block], reason: String?, usage: AnthropicUsage) -> Message {
        Message(id: id, model: model, content: blocks, stopReason: reason, usage: usage)
    }

    private func word(_ reason: FinishReason, _ output: ChatOutput) -> String {
        switch reason {
        case .length: "max_tokens"
        case .stop: output.calls.isEmpty ? "end_turn" : "tool_use"
        }
    }

    private struct Stream: AnswerStream {
        private enum Kind: Equatable {
            case thinking
            case text
            case call(Int)
        }

        let format: MessagesFormat
        var reader: AnswerReader
        private var hasBegun = false
        /// What the open block is, and how many there were.
        private var open: Kind?
        private var blocks = 0
        private var reason: String?

        init(format: MessagesFormat, reader: AnswerReader) {
            self.format = format
            self.reader = reader
        }

        mutating func token(_ token: GeneratedToken, choice: Int) -> [ServerEvent] {
            let events = start() + write(reader.append(token))
            return events.isEmpty ? [Self.event(Event(type: "ping"))] : events
        }

        mutating func end(choice: Int, reason: FinishReason) -> [ServerEvent] {
            let events = start() + write(reader.finish()) + close()
            self.reason = format.word(reason, reader.output)
            return events
        }

        func finish(_ usage: Usage) -> [ServerEvent] {
            var delta = Event(type: "message_delta")
            delta.delta = Delta(stopReason: reason, stopSequence: ExplicitNull(wrappedValue: nil))
            delta.usage = AnthropicUsage(usage)
            return [Self.event(delta), Self.event(Event(type: "message_stop"))]
        }

        func failure(_ error: APIError) -> ServerEvent { ServerEvent(name: "error", data: AnthropicError(error)) }

        private mutating func start() -> [ServerEvent] {
            guard !hasBegun else { return [] }
            hasBegun = true
            var event = Event(type: "message_start")
            event.message = format.message([], reason: nil, usage: AnthropicUsage(inputTokens: format.promptTokens))
            return [Self.event(event)]
        }

        private mutating func write(_ deltas: [ChatDelta]) -> [ServerEvent] {
            deltas.flatMap { delta -> [ServerEvent] in
                switch delta {
                case .text(let text) where text.isEmpty: return []
                case .text(let text):
                    return begin(.text, .text("")) + [piece(Delta(type: "text_delta", text: text))]
                case .reasoning(let text):
                    return begin(.thinking, .thinking("")) + [piece(Delta(type: "thinking_delta", thinking: text))]
                case .callBegins(let index, let id, let name):
                    return begin(.call(index), .use(id: id ?? "", name: name, input: JSONObject(text: "{}")))
                case .callArguments(_, let text):
                    return [piece(Delta(type: "input_json_delta", partialJson: text))]
                }
            }
        }

        /// Opens a block unless one of its kind is open.
        private mutating func begin(_ kind: Kind, _ block: Block) -> [ServerEvent] {
            guard open != kind else { return [] }
            let events = close()
            open = kind
            var event = Event(type: "content_block_start", index: blocks)
            event.contentBlock = block
            return events + [Self.event(event)]
        }

        private mutating func close() -> [ServerEvent] {
            guard open != nil else { return [] }
            defer { blocks += 1 }
            open = nil
            return [Self.event(Event(type: "content_block_stop", index: blocks))]
        }

        private func piece(_ delta: Delta) -> ServerEvent {
            var event = Event(type: "content_block_delta", index: blocks)
            event.delta = delta
            return Self.event(event)
        }

        private static func event(_ event: Event) -> ServerEvent { ServerEvent(name: event.type, data: event) }
    }

    private struct Message: Encodable {
        var id: String
        var type = "message"
        var role = "assistant"
        var model: String
        var content: [Block]
        @ExplicitNull var stopReason: String?
        @ExplicitNull var stopSequence: String?
        var usage: AnthropicUsage

        init(id: String, model: String, content: [Block], stopReason: String?, usage: AnthropicUsage) {
            self.id = id
            self.model = model
            self.content = content
            self.usage = usage
            self.stopReason = stopReason
            stopSequence = nil
        }
    }

    /// A piece of a message's content.
    private enum Block: Encodable {
        case text(String)
        case thinking(String)
        case use(id: String, name: String, input: JSONObject)

        private enum CodingKeys: CodingKey { case type, text, thinking, signature, id, name, input }

        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            switch self {
            case .text(let text):
                try fields.encode("text", forKey: .type)
                try fields.encode(text, forKey: .text)
            case .thinking(let text):
                try fields.encode("thinking", forKey: .type)
                try fields.encode(text, forKey: .thinking)
                try fields.encode("", forKey: .signature)
            case .use(let id, let name, let input):
                try fields.encode("tool_use", forKey: .type)
                try fields.encode(id, forKey: .id)
                try fields.encode(name, forKey: .name)
                try fields.encode(input, forKey: .input)
            }
        }
    }

    private struct Event: Encodable {
        var type: String
        var index: Int?
        var message: Message?
        var contentBlock: Block?
        var delta: Delta?
        var usage: AnthropicUsage?
    }

    private struct Delta: Encodable {
        var type: String?
        var text: String?
        var thinking: String?
        var partialJson: String?
        var stopReason: String?
        /// Present, though null, beside `stopReason` alone.
        var stopSequence: ExplicitNull<String>?
    }
}

/// `usage` of Anthropic's API: tokens that were found in a cache are counted apart.
struct AnthropicUsage: Encodable {
    var inputTokens: Int
    var cacheReadInputTokens = 0
    var cacheCreationInputTokens = 0
    var outputTokens = 0

    init(inputTokens: Int) { self.inputTokens = inputTokens }

    init(_ usage: Usage) {
        let cached = usage.promptTokensDetails.cachedTokens
        inputTokens = usage.promptTokens - cached
        cacheReadInputTokens = cached
        outputTokens = usage.completionTokens
    }
}

/// Anthropic's error object.
struct AnthropicError: Encodable {
    struct Details: Encodable {
        var type: String
        var message: String
    }

    var type = "error"
    var error: Details

    init(_ error: APIError) {
        let type =
            switch error.status.code {
            case 401: "authentication_error"
            case 403: "permission_error"
            case 404: "not_found_error"
            case 413: "request_too_large"
            case 429: "rate_limit_error"
            case 400..<500: "invalid_request_error"
            case 503: "overloaded_error"
            default: "api_error"
            }
        self.error = Details(type: type, message: error.message)
    }
}
