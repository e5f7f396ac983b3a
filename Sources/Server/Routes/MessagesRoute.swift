import Engine
import Hummingbird

/// `POST /v1/messages` and `POST /v1/messages/count_tokens`: Anthropic's API.
struct MessagesRoute: Sendable {
    /// Where errors have Anthropic's shape.
    static let path = "/v1/messages"

    var generations: Generations
    var desk: Desk

    private struct Count: Encodable { var inputTokens: Int }

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generations.generator)
        let prepared = try await desk.work(on: request, context, isHeavy: true) { (body: MessagesRequest) in
            guard body.options.maxTokens != nil else {
                throw APIError.invalid("max_tokens", "`max_tokens` is missing.")
            }
            let (model, prompt) = try prompt(of: body, catalogue)
            let format = MessagesFormat(
                id: "msg_\(Identifier.random())", model: model.name, reading: prompt.reading,
                promptTokens: prompt.tokens.count)
            return PreparedRequest(
                sequences: try prompt.requests(body.options, model: model), choicesPerPrompt: 1, format: format,
                isStream: body.options.isStream, promptField: "messages")
        }
        return try await generations.respond(to: prepared, context: context)
    }

    func countTokens(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generations.generator)
        return try await desk.work(on: request, context, isHeavy: true) { (body: MessagesRequest) in
            try Response(json: Count(inputTokens: prompt(of: body, catalogue).prompt.tokens.count))
        }
    }

    private func prompt(
        of body: MessagesRequest, _ catalogue: Catalogue
    ) throws -> (model: ServedModel, prompt: PreparedChat) {
        let model = try catalogue.model(named: body.options.model)
        try body.options.check(against: model)
        return (model, try body.input.prompt(for: model))
    }
}
