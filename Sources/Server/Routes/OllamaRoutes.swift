import Chat
import Engine
import Hummingbird
import Tokenization

/// `POST /api/chat`, `/api/generate`, `/api/embed` and `/api/embeddings`: Ollama's API.
struct OllamaRoutes: Sendable {
    /// Where errors have Ollama's shape.
    static let path = "/api/"

    var generations: Generations
    var embeddings: EmbeddingsRoute
    var desk: Desk

    private enum Prepared: Sendable {
        case request(PreparedRequest)
        /// There is nothing to generate.
        case answer(Response)
    }

    func chat(_ request: Request, _ context: ServerContext) async throws -> Response {
        let began = ContinuousClock.now
        let catalogue = await Catalogue(of: generations.generator)
        let prepared = try await desk.work(on: request, context, isHeavy: true) { (body: OllamaChatRequest) in
            let model = try catalogue.model(tagged: body.model)
            try body.options.check(against: model)
            var format = OllamaFormat(kind: .chat, model: body.model ?? model.name, began: began)
            guard !body.input.messages.isEmpty else { return Prepared.answer(try Response(json: format.loaded)) }
            let prompt = try body.input.prompt(for: model)
            (format.reading, format.queued) = (prompt.reading, .now)
            return .request(
                PreparedRequest(
                    sequences: try prompt.requests(body.options, model: model), choicesPerPrompt: 1, format: format,
                    isStream: body.options.isStream, promptField: "messages"))
        }
        return try await respond(to: prepared, context)
    }

    func generate(_ request: Request, _ context: ServerContext) async throws -> Response {
        let began = ContinuousClock.now
        let catalogue = await Catalogue(of: generations.generator)
        let prepared = try await desk.work(on: request, context, isHeavy: true) { (body: OllamaGenerateRequest) in
            let model = try catalogue.model(tagged: body.model)
            try body.options.check(against: model)
            var format = OllamaFormat(kind: .generate, model: body.model ?? model.name, began: began)
            guard !body.prompt.isEmpty || !body.suffix.isEmpty else {
                return Prepared.answer(try Response(json: format.loaded))
            }
            let fill = try body.suffix.isEmpty ? nil : model.fillInTheMiddle("suffix")
            let prompt =
                try fill.map { PreparedChat(tokens: $0.prompt(body.prompt, body.suffix)) } ?? prompt(of: body, model)
            (format.reading, format.queued) = (prompt.reading, .now)
            let requests = try prompt.requests(body.options, model: model)
            return .request(
                PreparedRequest(
                    sequences: fill?.ending(requests) ?? requests, choicesPerPrompt: 1, format: format,
                    isStream: body.options.isStream, promptField: "prompt"))
        }
        return try await respond(to: prepared, context)
    }

    private func respond(to prepared: Prepared, _ context: ServerContext) async throws -> Response {
        switch prepared {
        case .request(let request): try await generations.respond(to: request, context: context)
        case .answer(let response): response
        }
    }

    /// A chat of one message where the model has a template for it, else the text as it is.
    private func prompt(of body: OllamaGenerateRequest, _ model: ServedModel) throws -> PreparedChat {
        if body.isRaw || model.chatTemplate == nil {
            guard body.isRaw || body.system.isEmpty else {
                throw APIError.invalid("system", "`system` cannot be used: `\(model.name)` has no chat template.")
            }
            return PreparedChat(tokens: model.tokenizer.encode(body.prompt, parsesSpecial: true, addsSpecial: true))
        }
        let system = body.system.isEmpty ? [] : [ChatMessage(role: "system", content: body.system)]
        let input = ChatInput(
            messages: system + [ChatMessage(role: "user", content: body.prompt)],
            templateOptions: body.templateOptions)
        return try input.prompt(for: model)
    }

    private struct Vectors: Encodable {
        var model: String
        var embeddings: [[Float]]
        var totalDuration: Int
        var loadDuration = 0
        var promptEvalCount: Int
    }

    private struct Vector: Encodable { var embedding: [Float] }

    func embed(_ request: Request, _ context: ServerContext) async throws -> Response {
        let began = ContinuousClock.now
        let (name, vectors, tokens) = try await vectors(request, context)
        return try desk.answer(
            Vectors(
                model: name, embeddings: vectors, totalDuration: (.now - began).nanoseconds, promptEvalCount: tokens))
    }

    /// The older route, for one text.
    func embedOne(_ request: Request, _ context: ServerContext) async throws -> Response {
        try desk.answer(Vector(embedding: try await vectors(request, context).vectors.first ?? []))
    }

    private func vectors(
        _ request: Request, _ context: ServerContext
    ) async throws -> (model: String, vectors: [[Float]], tokens: Int) {
        let catalogue = await Catalogue(of: generations.generator)
        let (name, prepared) = try await desk.work(on: request, context) { (body: OllamaEmbedRequest) in
            let model = try catalogue.model(tagged: body.texts.model)
            let prepared = try embeddings.prepare(body.texts, model, truncates: body.truncates)
            return (body.texts.model ?? model.name, prepared)
        }
        let embedded = try await embeddings.vectors(prepared, context)
        return (name, embedded.vectors, embedded.usage.promptTokens)
    }
}
