import Access
import Engine
import Scheduling

/// A generator as the caller of the moment sees it: the models that its key is for, under all their names. It counts
/// the tokens that the caller takes.
struct CallersGenerator: TextGenerator {
    var base: any TextGenerator
    /// Other names of models.
    var aliases: AliasTable

    var models: [ServedModel] {
        get async {
            var models = await base.models
            for (alias, name) in aliases.names.sorted(by: { $0.key < $1.key }) {
                guard !models.contains(where: { $0.name == alias }),
                    var model = models.first(where: { $0.name == name })
                else { continue }
                model.name = alias
                models.append(model)
            }
            guard let key = Caller.current?.key else { return models }
            return models.filter { key.allows(model: $0.name) }
        }
    }

    var isReady: Bool { get async { await base.isReady } }

    func generate(
        _ request: GenerationRequest
    ) async throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let caller = Caller.current
        var request = request
        request.model = try await target(of: request.model, caller)
        if let caller { request.sender = Sender(name: caller.key.name, priority: caller.key.priority) }
        let stream = try await base.generate(request)
        guard let caller, caller.key.limits.tokensPerMinute != nil else { return stream }
        caller.control.charge(caller.key, tokens: request.prompt.count)
        // Pulled by the one that reads the result, and so ended with it.
        nonisolated(unsafe) var iterator = stream.makeAsyncIterator()
        return AsyncThrowingStream {
            let event = try await iterator.next()
            if case .token = event { caller.control.charge(caller.key, tokens: 1) }
            return event
        }
    }

    func embed(_ request: EmbeddingRequest) async throws(EngineError) -> Embedding {
        let caller = Caller.current
        var request = request
        request.model = try await target(of: request.model, caller)
        if let caller { request.sender = Sender(name: caller.key.name, priority: caller.key.priority) }
        let embedding = try await base.embed(request)
        if let caller { caller.control.charge(caller.key, tokens: embedding.promptTokens) }
        return embedding
    }

    private func target(of name: String, _ caller: Caller?) async throws(EngineError) -> String {
        if let caller, !caller.key.allows(model: name) { throw .modelNotFound(name) }
        // A model goes before another name of one.
        guard let target = aliases.names[name], await !base.models.contains(where: { $0.name == name }) else {
            return name
        }
        RequestRecord.current?.note { $0.target = target }
        return target
    }
}
