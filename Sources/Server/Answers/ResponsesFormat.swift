import Chat
import Engine
import Foundation

/// Answers of `/v1/responses`.
struct ResponsesFormat: AnswerFormat {
    var id: String
    /// Seconds since 1970.
    var created: Int
    var model: String
    var instructions: String?
    var maxOutputTokens: Int?
    var reading: ChatReading

    func stream(choices: Int) -> any AnswerStream { Stream(format: self, reader: AnswerReader(reading)) }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        var writer = ItemWriter(reader: AnswerReader(reading))
        for token in choices[0].tokens { _ = writer.append(token) }
        _ = writer.finish()
        return body(writer.items, choices[0].reason, usage.with(reasoningTokens: writer.reasoningTokens, reading))
    }

    /// The answer as it stands: without a reason it is under way.
    private func body(_ items: [Item], _ reason: FinishReason?, _ usage: Usage? = nil) -> Body {
        Body(self, items, reason, usage)
    }

    private struct Stream: AnswerStream {
        let format: ResponsesFormat
        var writer: ItemWriter
        private var number = 0
        private var reason = FinishReason.stop

        init(format: ResponsesFormat, reader: AnswerReader) {
            self.format = format
            writer = ItemWriter(reader: reader)
        }

        mutating func token(_ token: GeneratedToken, choice: Int) -> [ServerEvent] {
            numbered(start() + writer.append(token))
        }

        mutating func end(choice: Int, reason: FinishReason) -> [ServerEvent] {
            self.reason = reason
            return numbered(start() + writer.finish())
        }

        mutating func finish(_ usage: Usage) -> [ServerEvent] {
            let type = reason == .stop ? "response.completed" : "response.incomplete"
            let usage = usage.with(reasoningTokens: writer.reasoningTokens, format.reading)
            return numbered([Event(type: type, response: format.body(writer.items, reason, usage))])
        }

        mutating func failure(_ error: APIError) -> ServerEvent {
            var event = Event(type: "error")
            (event.message, event.code, event.sequenceNumber) = (error.message, error.code ?? error.type, number)
            return ServerEvent(name: event.type, data: event)
        }

        private mutating func start() -> [Event] {
            guard number == 0 else { return [] }
            let body = format.body([], nil)
            return [
                Event(type: "response.created", response: body), Event(type: "response.in_progress", response: body),
            ]
        }

        private mutating func numbered(_ events: [Event]) -> [ServerEvent] {
            events.map { event in
                defer { number += 1 }
                var event = event
                event.sequenceNumber = number
                return ServerEvent(name: event.type, data: event)
            }
        }
    }

    fileprivate struct Event: Encodable {
        var type: String
        var sequenceNumber = 0
        var response: Body?
        var outputIndex: Int?
        var contentIndex: Int?
        var itemId: String?
        var item: Item?
        var part: Item.Part?
        var delta: String?
        var text: String?
        var arguments: String?
        var name: String?
        /// OpenAI's clients read the list beside a text.
        var logprobs: [String]?
        var message: String?
        var code: String?

        init(type: String, response: Body? = nil) {
            self.type = type
            self.response = response
        }
    }

    /// An item of an answer.
    fileprivate struct Item: Encodable {
        struct Part: Encodable {
            var type: String
            var text = ""
            /// Of text alone.
            var annotations: [String]?
        }

        var id: String
        var type: String
        var status: String?
        var role: String?
        var content: [Part]?
        var summary: [Part]?
        var callId: String?
        var name: String?
        var arguments: String?
    }

    fileprivate struct Body: Encodable {
        struct Reason: Encodable { var reason: String }
        struct Usage: Encodable {
            struct Input: Encodable { var cachedTokens: Int }
            struct Output: Encodable { var reasoningTokens: Int }

            var inputTokens: Int
            var inputTokensDetails: Input
            var outputTokens: Int
            var outputTokensDetails: Output
            var totalTokens: Int
        }

        var id: String
        var object = "response"
        var createdAt: Int
        var status: String
        var model: String
        var output: [Item]
        @ExplicitNull var error: String?
        @ExplicitNull var incompleteDetails: Reason?
        @ExplicitNull var instructions: String?
        @ExplicitNull var maxOutputTokens: Int?
        @ExplicitNull var previousResponseId: String?
        var parallelToolCalls: Bool
        var toolChoice = "auto"
        var tools: [String] = []
        var store = false
        @ExplicitNull var usage: Usage?

        init(_ format: ResponsesFormat, _ items: [Item], _ reason: FinishReason?, _ usage: Server.Usage?) {
            (id, createdAt, model) = (format.id, format.created, format.model)
            output = items
            parallelToolCalls = format.reading.allowsSeveralCalls
            status = reason == nil ? "in_progress" : reason == .stop ? "completed" : "incomplete"
            incompleteDetails = reason == .length ? Reason(reason: "max_output_tokens") : nil
            (error, previousResponseId) = (nil, nil)
            (instructions, maxOutputTokens) = (format.instructions, format.maxOutputTokens)
            self.usage = usage.map {
                Usage(
                    inputTokens: $0.promptTokens,
                    inputTokensDetails: .init(cachedTokens: $0.promptTokensDetails.cachedTokens),
                    outputTokens: $0.completionTokens,
                    outputTokensDetails: .init(reasoningTokens: $0.completionTokensDetails?.reasoningTokens ?? 0),
                    totalTokens: $0.totalTokens)
            }
        }
    }

    /// Makes items of what a model says, and the events that tell of them.
    fileprivate struct ItemWriter {
        private enum Kind: Equatable {
            case reasoning
            case text
            case call(Int)
        }

        private(set) var items: [Item] = []
        private var reader: AnswerReader
        private var open: Kind?

        init(reader: AnswerReader) { self.reader = reader }

        var reasoningTokens: Int { reader.reasoningTokens }

        mutating func append(_ token: GeneratedToken) -> [Event] { write(reader.append(token)) }

        mutating func finish() -> [Event] { write(reader.finish()) + close() }

        private mutating func write(_ deltas: [ChatDelta]) -> [Event] {
            deltas.flatMap { delta -> [Event] in
                switch delta {
                case .text(let text):
                    if text.isEmpty { return [] }
                    let events = begin(.text)
                    items[items.count - 1].content?[0].text += text
                    return events + [event("response.output_text.delta") { ($0.delta, $0.logprobs) = (text, []) }]
                case .reasoning(let text):
                    let events = begin(.reasoning)
                    items[items.count - 1].content?[0].text += text
                    return events + [event("response.reasoning_text.delta") { $0.delta = text }]
                case .callBegins(let index, let id, let name): return begin(.call(index), id: id, name: name)
                case .callArguments(_, let text):
                    items[items.count - 1].arguments? += text
                    return [event("response.function_call_arguments.delta") { $0.delta = text }]
                }
            }
        }

        private mutating func begin(_ kind: Kind, id: String? = nil, name: String? = nil) -> [Event] {
            guard open != kind else { return [] }
            var events = close()
            open = kind
            let key = Identifier.random()
            switch kind {
            case .reasoning: items.append(Item(id: "rs_\(key)", type: "reasoning", content: [], summary: []))
            case .text:
                items.append(
                    Item(id: "msg_\(key)", type: "message", status: "in_progress", role: "assistant", content: []))
            case .call:
                items.append(
                    Item(
                        id: "fc_\(key)", type: "function_call", status: "in_progress", callId: id, name: name,
                        arguments: ""))
            }
            events.append(added)
            if case .call = kind { return events }
            let part =
                kind == .text ? Item.Part(type: "output_text", annotations: []) : Item.Part(type: "reasoning_text")
            items[items.count - 1].content = [part]
            events.append(event("response.content_part.added") { $0.part = part })
            return events
        }

        private mutating func close() -> [Event] {
            guard let kind = open else { return [] }
            open = nil
            let last = items.count - 1
            if kind != .reasoning { items[last].status = "completed" }
            let item = items[last]
            var events: [Event] = []
            if let part = item.content?.first {
                let type = kind == .text ? "response.output_text.done" : "response.reasoning_text.done"
                events.append(event(type) { ($0.text, $0.logprobs) = (part.text, kind == .text ? [] : nil) })
                events.append(event("response.content_part.done") { $0.part = part })
            } else {
                events.append(
                    event("response.function_call_arguments.done") {
                        ($0.arguments, $0.name, $0.contentIndex) = (item.arguments, item.name, nil)
                    })
            }
            var done = Event(type: "response.output_item.done")
            (done.outputIndex, done.item) = (last, item)
            return events + [done]
        }

        private var added: Event {
            var event = Event(type: "response.output_item.added")
            (event.outputIndex, event.item) = (items.count - 1, items.last)
            return event
        }

        /// An event about the item that is open.
        private func event(_ type: String, _ fill: (inout Event) -> Void) -> Event {
            var event = Event(type: type)
            event.outputIndex = items.count - 1
            event.itemId = items.last?.id
            event.contentIndex = items.last?.content == nil ? nil : 0
            fill(&event)
            return event
        }
    }
}
