import Engine
import HTTPTypes
import Hummingbird

/// Runs the sequences of a request and answers with what they say.
struct Generations: Sendable {
    var generator: any TextGenerator
    var desk: Desk
    /// Opens when the server no longer waits for answers under way.
    var deadline: Latch
    var keepAliveInterval: Duration

    func respond(to request: PreparedRequest, context: ServerContext) async throws -> Response {
        do {
            let feed = Feed(
                sequences: try await admit(request.sequences, choicesPerPrompt: request.choicesPerPrompt),
                departure: desk.connections.departure(of: context.channel),
                deadline: deadline, tickInterval: keepAliveInterval / 2)
            return request.isStream ? stream(feed, for: request) : try await whole(feed, for: request)
        } catch {
            throw APIError(error).blaming(request.promptField)
        }
    }

    /// Queues all sequences; when one is refused, those before it are dropped and freed.
    private func admit(
        _ requests: [GenerationRequest], choicesPerPrompt: Int
    ) async throws -> [Feed.Sequence] {
        var sequences: [Feed.Sequence] = []
        let record = RequestRecord.current
        for (index, request) in requests.enumerated() {
            let isFirst = index % choicesPerPrompt == 0
            sequences.append(try await generator.generate(request))
            record?.admit(request, isFirst: isFirst)
            if isFirst { await record?.keep(request.prompt, of: request.model, in: generator) }
        }
        return sequences
    }

    private func stream(_ feed: Feed, for request: PreparedRequest) -> Response {
        let events = EventStream(
            feed: feed, format: request.format, choicesPerPrompt: request.choicesPerPrompt)
        let headers: HTTPFields = [
            .contentType: request.format.framing == .events ? "text/event-stream" : "application/x-ndjson",
            .cacheControl: "no-cache", .xAccelBuffering: "no",
        ]
        return Response(status: .ok, headers: headers, body: ResponseBody { try await events.write(to: &$0) })
    }

    private func whole(_ feed: Feed, for request: PreparedRequest) async throws -> Response {
        try await feed.withItems { items in
            var tokens: [[GeneratedToken]] = Array(repeating: [], count: feed.sequences.count)
            var firsts: [Int: ContinuousClock.Instant] = [:]
            var ends: [Int: (reason: FinishReason, usage: TokenUsage)] = [:]
            for await item in items {
                switch item {
                case .event(.token(let token), let choice):
                    if tokens[choice].isEmpty { firsts[choice] = .now }
                    tokens[choice].append(token)
                case .event(.finished(let reason, let usage), let choice): ends[choice] = (reason, usage)
                case .failed(let error): throw error
                case .tick: continue
                }
                if ends.count == tokens.count { break }
            }
            let finished = tokens.enumerated().compactMap { choice, tokens in
                ends[choice].map { end in
                    let choice = FinishedChoice(tokens: tokens, reason: end.reason, firstToken: firsts[choice])
                    return (choice: choice, usage: end.usage)
                }
            }
            let usage = Usage(finished.map(\.usage), perPrompt: request.choicesPerPrompt)
            let format = request.format
            // Log probabilities can make a few tokens a large answer; to write one takes about as long as to tokenise
            // eight bytes.
            let alternatives = tokens.joined().reduce(0) { $0 + ($1.logprob?.top.count ?? 0) }
            return try await desk.workers.run(bytes: 8 * alternatives) { [desk] in
                try desk.answer(format.answer(finished.map(\.choice), usage))
            }
        }
    }
}

/// A request that was understood: what to generate, and how to answer.
struct PreparedRequest: Sendable {
    /// All choices of the first prompt, then those of the next.
    var sequences: [GenerationRequest]
    var choicesPerPrompt: Int
    var format: any AnswerFormat
    var isStream: Bool
    /// The field that the prompt came from.
    var promptField: String
}
