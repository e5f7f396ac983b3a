import Engine
import Hummingbird

/// Has the texts of a request read, some at a time, until its client goes or the server waits no longer.
struct TextReader: Sendable {
    var generator: any TextGenerator
    var desk: Desk
    /// Opens when the server no longer waits for answers under way.
    var deadline: Latch

    /// Texts of one request: OpenAI's limit.
    static let countLimit = 2048
    /// Texts of one request that an engine has at a time. Chosen: they fill passes of short texts, and leave the queue
    /// of a unit to others.
    private static let width = 32

    /// A text that is understood, and the field that it came from.
    struct Text: Sendable {
        var request: EmbeddingRequest
        var field: String
    }

    /// - Returns: what becomes of each text, in their order.
    func read(_ texts: [Text], context: ServerContext) async throws -> [Embedding] {
        let departure = desk.connections.departure(of: context.channel)
        return try await withThrowingTaskGroup(of: (index: Int, embedding: Embedding).self) { group in
            if let departure {
                group.addTask {
                    await departure.wait()
                    throw APIError.clientLeft
                }
            }
            group.addTask {
                await deadline.wait()
                throw APIError.shuttingDown
            }
            defer { group.cancelAll() }
            var embeddings = [Embedding?](repeating: nil, count: texts.count)
            for index in texts.indices.prefix(Self.width) { group.addTask { (index, try await read(texts[index])) } }
            var next = min(Self.width, texts.count), missing = texts.count
            while missing > 0, let (index, embedding) = try await group.next() {
                embeddings[index] = embedding
                missing -= 1
                guard next < texts.count else { continue }
                group.addTask { [next] in (next, try await read(texts[next])) }
                next += 1
            }
            return embeddings.compactMap { $0 }
        }
    }

    private func read(_ text: Text) async throws -> Embedding {
        do {
            let (record, start) = (RequestRecord.current, ContinuousClock.now)
            await record?.keep(text.request.prompt, of: text.request.model, in: generator)
            let embedding = try await generator.embed(text.request)
            record?.note(embedding, of: text.request, since: start)
            return embedding
        } catch {
            throw APIError(error).blaming(text.field)
        }
    }
}

/// `usage` of texts that are read.
struct ReadingUsage: Encodable {
    var promptTokens: Int
    var totalTokens: Int

    init(_ embeddings: [Embedding]) {
        promptTokens = embeddings.reduce(0) { $0 + $1.promptTokens }
        totalTokens = promptTokens
    }
}
