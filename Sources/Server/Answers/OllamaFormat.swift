import Chat
import Engine
import Foundation

/// Answers of `POST /api/chat` and `POST /api/generate`: one JSON object, or a line of JSON for each token.
struct OllamaFormat: AnswerFormat {
    enum Kind {
        case chat
        case generate
    }

    var kind: Kind
    /// As the client named it.
    var model: String
    var reading: ChatReading = .plain
    /// When the request came.
    var began: ContinuousClock.Instant
    /// When it was understood, and went to the engine.
    var queued = ContinuousClock.now

    var framing: StreamFraming { .lines }

    func stream(choices: Int) -> any AnswerStream { Stream(format: self, reader: AnswerReader(reading)) }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        var reader = AnswerReader(reading)
        for token in choices[0].tokens { _ = reader.append(token) }
        _ = reader.finish()
        return last(piece(reader.output), choices[0].reason, usage, firstToken: choices[0].firstToken)
    }

    /// The answer to a request that asks for nothing but that the model be there.
    var loaded: some Encodable {
        var piece = piece(ChatOutput())
        (piece.done, piece.doneReason) = (true, "load")
        return piece
    }

    private func piece(_ output: ChatOutput) -> OllamaPiece {
        let thinking = output.reasoning.isEmpty ? nil : output.reasoning
        switch kind {
        case .chat:
            let calls = output.calls.enumerated().map { OllamaPiece.Call($1, index: $0) }
            return OllamaPiece(
                model: model,
                message: OllamaPiece.Message(
                    content: output.text, thinking: thinking, toolCalls: calls.isEmpty ? nil : calls))
        case .generate: return OllamaPiece(model: model, response: output.text, thinking: thinking)
        }
    }

    /// A piece that ends the answer, with what it took. Models are there before a request is, so that none is loaded.
    private func last(
        _ piece: OllamaPiece, _ reason: FinishReason, _ usage: Usage, firstToken: ContinuousClock.Instant?
    ) -> OllamaPiece {
        let end = ContinuousClock.now
        let first = firstToken ?? end
        var piece = piece
        piece.done = true
        piece.doneReason = reason.rawValue
        piece.totalDuration = (end - began).nanoseconds
        piece.loadDuration = 0
        piece.promptEvalCount = usage.promptTokens
        piece.promptEvalDuration = (first - queued).nanoseconds
        piece.evalCount = usage.completionTokens
        piece.evalDuration = (end - first).nanoseconds
        return piece
    }

    private struct Stream: AnswerStream {
        let format: OllamaFormat
        var reader: AnswerReader
        private var firstToken: ContinuousClock.Instant?
        private var reason = FinishReason.stop
        /// Calls that were sent: Ollama's clients read a call whole.
        private var calls = 0

        init(format: OllamaFormat, reader: AnswerReader) {
            self.format = format
            self.reader = reader
        }

        mutating func token(_ token: GeneratedToken, choice: Int) -> [ServerEvent] {
            if firstToken == nil { firstToken = .now }
            let deltas = reader.append(token)
            // Of the last call more may follow.
            return [ServerEvent(data: piece(deltas, calls: reader.output.calls.count - 1))]
        }

        mutating func end(choice: Int, reason: FinishReason) -> [ServerEvent] {
            self.reason = reason
            let deltas = reader.finish()
            let count = reader.output.calls.count
            return deltas.isEmpty && count == calls ? [] : [ServerEvent(data: piece(deltas, calls: count))]
        }

        func finish(_ usage: Usage) -> [ServerEvent] {
            let end = format.piece(ChatOutput())
            return [ServerEvent(data: format.last(end, reason, usage, firstToken: firstToken))]
        }

        func failure(_ error: APIError) -> ServerEvent { ServerEvent(data: OllamaError(error)) }

        /// - Parameter count: calls that are whole.
        private mutating func piece(_ deltas: [ChatDelta], calls count: Int) -> OllamaPiece {
            var output = ChatOutput()
            for delta in deltas {
                switch delta {
                case .text, .reasoning: output.append(delta)
                case .callBegins, .callArguments: continue
                }
            }
            var piece = format.piece(output)
            if calls < count {
                piece.message?.toolCalls = (calls..<count).map {
                    OllamaPiece.Call(reader.output.calls[$0], index: $0)
                }
                calls = count
            }
            return piece
        }
    }
}

/// An answer of Ollama's API, whole or a piece of it.
private struct OllamaPiece: Encodable {
    struct Message: Encodable {
        var role = "assistant"
        var content: String
        var thinking: String?
        var toolCalls: [Call]?
    }

    struct Call: Encodable {
        struct Function: Encodable {
            var index: Int
            var name: String
            var arguments: JSONObject
        }

        var id: String?
        var function: Function

        init(_ call: ChatOutput.Call, index: Int) {
            id = call.id
            function = Function(index: index, name: call.name, arguments: JSONObject(text: call.arguments))
        }
    }

    var model: String
    var createdAt = Date.now.rfc3339
    /// Of a chat.
    var message: Message?
    /// Of a completion.
    var response: String?
    var thinking: String?
    var done = false
    var doneReason: String?
    /// Nanoseconds, as all durations of this API.
    var totalDuration: Int?
    var loadDuration: Int?
    var promptEvalCount: Int?
    var promptEvalDuration: Int?
    var evalCount: Int?
    var evalDuration: Int?
}

/// Ollama's error object.
struct OllamaError: Encodable {
    var error: String

    init(_ error: APIError) { self.error = error.message }
}

extension Duration {
    var nanoseconds: Int { Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000) }
}

extension Date {
    /// As RFC 3339 writes it, with a fraction of the second.
    var rfc3339: String { formatted(ISO8601FormatStyle(includingFractionalSeconds: true)) }
}
