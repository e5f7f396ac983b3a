import Chat
import Engine
import Quantities
import Tokenization

/// Answers of `/v1/chat/completions`.
struct ChatFormat: AnswerFormat {
    var header: AnswerHeader
    var spelling: TokenSpelling
    var reading: ChatReading
    /// The client speaks of functions, and not of tools.
    var areFunctions: Bool
    var includesUsage: Bool

    func stream(choices: Int) -> any AnswerStream {
        Stream(format: self, readers: Array(repeating: AnswerReader(reading), count: choices))
    }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        var reasoningTokens = 0
        let choices = choices.enumerated().map { index, choice in
            var reader = AnswerReader(reading)
            for token in choice.tokens { _ = reader.append(token) }
            _ = reader.finish()
            reasoningTokens += reader.reasoningTokens
            return ChatChoice(
                index: index, message: ChatChoice.Message(reader.output, areFunctions: areFunctions),
                logprobs: ChatLogprobs(choice.tokens, spelling), finishReason: word(choice.reason, reader.output))
        }
        return Answer(
            "chat.completion", header, choices: choices, usage: usage.with(reasoningTokens: reasoningTokens, reading))
    }

    /// OpenAI's word for an end; where there are calls, they are the reason.
    private func word(_ reason: FinishReason, _ output: ChatOutput) -> String {
        guard !output.calls.isEmpty, reason == .stop else { return reason.rawValue }
        return areFunctions ? "function_call" : "tool_calls"
    }

    private struct Stream: AnswerStream {
        let format: ChatFormat
        var readers: [AnswerReader]
        var hasBegun: Set<Int> = []

        mutating func token(_ token: GeneratedToken, choice: Int) -> [ServerEvent] {
            let deltas = readers[choice].append(token)
            return [event(choice, deltas, ChatLogprobs([token], format.spelling), nil)]
        }

        mutating func end(choice: Int, reason: FinishReason) -> [ServerEvent] {
            let rest = readers[choice].finish()
            let events = rest.isEmpty ? [] : [event(choice, rest, nil, nil)]
            return events + [event(choice, [], nil, format.word(reason, readers[choice].output))]
        }

        func finish(_ usage: Usage) -> [ServerEvent] {
            let tokens = readers.map(\.reasoningTokens).reduce(0, +)
            let usage = usage.with(reasoningTokens: tokens, format.reading)
            return (format.includesUsage ? [ServerEvent(data: chunk([], usage))] : []) + [.done]
        }

        /// - Parameter reason: of the last piece of a choice.
        private mutating func event(
            _ index: Int, _ deltas: [ChatDelta], _ logprobs: ChatLogprobs?, _ reason: String?
        ) -> ServerEvent {
            var delta = ChatChunkChoice.Delta(deltas, areFunctions: format.areFunctions)
            // The role goes out with the first token and not before: clients take the first choice for the first token.
            if hasBegun.insert(index).inserted { delta.role = "assistant" }
            if delta.isEmpty, reason == nil || delta.role != nil { delta.content = "" }
            let choice = ChatChunkChoice(index: index, delta: delta, logprobs: logprobs, finishReason: reason)
            return ServerEvent(data: chunk([choice]))
        }

        private func chunk(_ choices: [ChatChunkChoice], _ usage: Usage? = nil) -> any Encodable {
            Answer("chat.completion.chunk", format.header, choices: choices, usage: usage)
        }
    }
}

extension Usage {
    /// With what is known of reasoning, of a model that does any.
    func with(reasoningTokens: Int, _ reading: ChatReading) -> Usage {
        var usage = self
        if !reading.isPlain { usage.completionTokensDetails = CompletionDetails(reasoningTokens: reasoningTokens) }
        return usage
    }
}

/// A call as OpenAI's API writes it, whole or a piece of it.
private struct ChatCall: Encodable {
    struct Function: Encodable {
        var name: String?
        var arguments: String
    }

    /// Which call a piece belongs to.
    var index: Int?
    var id: String?
    var type: String?
    var function: Function
}

/// One of the answers to a chat request, whole.
private struct ChatChoice: Encodable {
    struct Message: Encodable {
        var role = "assistant"
        @ExplicitNull var content: String?
        var reasoningContent: String?
        var toolCalls: [ChatCall]?
        var functionCall: ChatCall.Function?
        @ExplicitNull var refusal: String?

        init(_ output: ChatOutput, areFunctions: Bool) {
            content = output.calls.isEmpty || !output.text.isEmpty ? output.text : nil
            reasoningContent = output.reasoning.isEmpty ? nil : output.reasoning
            refusal = nil
            if areFunctions {
                functionCall = output.calls.first.map { ChatCall.Function(name: $0.name, arguments: $0.arguments) }
            } else if !output.calls.isEmpty {
                toolCalls = output.calls.map {
                    ChatCall(
                        id: $0.id, type: "function",
                        function: ChatCall.Function(name: $0.name, arguments: $0.arguments))
                }
            }
        }
    }

    var index: Int
    var message: Message
    @ExplicitNull var logprobs: ChatLogprobs?
    var finishReason: String
}

/// One piece of one of the answers to a chat request.
private struct ChatChunkChoice: Encodable {
    struct Delta: Encodable {
        var role: String?
        var content: String?
        var reasoningContent: String?
        var toolCalls: [ChatCall]?
        var functionCall: ChatCall.Function?

        init(_ deltas: [ChatDelta], areFunctions: Bool) {
            for delta in deltas {
                switch delta {
                case .text(let text): content = (content ?? "") + text
                case .reasoning(let text): reasoningContent = (reasoningContent ?? "") + text
                case .callBegins(let index, let id, let name):
                    let function = ChatCall.Function(name: name, arguments: "")
                    add(ChatCall(index: index, id: id, type: "function", function: function), areFunctions)
                case .callArguments(let index, let piece):
                    add(ChatCall(index: index, function: ChatCall.Function(arguments: piece)), areFunctions)
                }
            }
        }

        var isEmpty: Bool {
            content == nil && reasoningContent == nil && toolCalls == nil && functionCall == nil
        }

        /// Adds a piece of a call to what there is of the same call.
        private mutating func add(_ piece: ChatCall, _ areFunctions: Bool) {
            if areFunctions {
                guard piece.index == 0 else { return }
                let before = functionCall?.arguments ?? ""
                functionCall = ChatCall.Function(
                    name: piece.function.name ?? functionCall?.name, arguments: before + piece.function.arguments)
            } else if let place = toolCalls?.lastIndex(where: { $0.index == piece.index }) {
                toolCalls?[place].function.arguments += piece.function.arguments
            } else {
                toolCalls = (toolCalls ?? []) + [piece]
            }
        }
    }

    var index: Int
    var delta: Delta
    @ExplicitNull var logprobs: ChatLogprobs?
    @ExplicitNull var finishReason: String?
}

/// `logprobs` of a chat choice.
private struct ChatLogprobs: Encodable {
    struct Alternative: Encodable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]

        init(_ id: TokenID, _ logprob: Float, _ spelling: TokenSpelling) {
            token = spelling.text(id)
            bytes = spelling.bytes(id)
            self.logprob = TokenSpelling.finite(logprob)
        }
    }

    struct Token: Encodable {
        var token: String
        var logprob: Float
        var bytes: [UInt8]
        var topLogprobs: [Alternative]
    }

    var content: [Token]
    @ExplicitNull var refusal: String?

    /// `nil` when the request asked for none.
    init?(_ tokens: [GeneratedToken], _ spelling: TokenSpelling) {
        guard tokens.contains(where: { $0.logprob != nil }) else { return nil }
        content = tokens.compactMap { token in
            guard let logprob = token.logprob else { return nil }
            let drawn = Alternative(token.id, logprob.logprob, spelling)
            return Token(
                token: drawn.token, logprob: drawn.logprob, bytes: drawn.bytes,
                topLogprobs: logprob.top.map { Alternative($0.id, $0.logprob, spelling) })
        }
    }
}
