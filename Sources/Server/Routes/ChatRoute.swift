import Engine
import Hummingbird
import Tokenization

/// `POST /v1/chat/completions`.
struct ChatRoute: Sendable {
    var generations: Generations
    var bodies: BodyReader
    var version: String

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let chat = try await bodies.decode(ChatRequest.self, from: request)
        return try await generations.respond(to: try await prepare(chat), context: context)
    }

    private func prepare(_ chat: ChatRequest) async throws -> PreparedRequest {
        let model = try await generations.generator.model(named: chat.options.model)
        try chat.options.check(against: model)
        guard let template = model.chatTemplate else {
            throw APIError.invalid(
                "model", "`\(model.name)` has no chat template; use /v1/completions.", code: "no_chat_template")
        }
        let text = try template.render(chat.turns.map(\.message), addsGenerationPrompt: true)
        // The template holds the tokens that begin a text, where the model wants any.
        let prompt = model.tokenizer.encode(text, parsesSpecial: true, addsSpecial: false)
        let header = AnswerHeader(prefix: "chatcmpl", model: model.name, version: version)
        return PreparedRequest(
            sequences: chat.options.requests(model: model.name, prompt: prompt, topLogprobs: chat.topLogprobs),
            choicesPerPrompt: chat.options.choices,
            format: ChatFormat(header: header, spelling: TokenSpelling(tokenizer: model.tokenizer)),
            isStream: chat.options.isStream, includesUsage: chat.options.includesUsage, promptField: "messages")
    }
}
