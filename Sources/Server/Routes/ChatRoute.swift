import Engine
import Hummingbird
import Tokenization

/// `POST /v1/chat/completions`.
struct ChatRoute: Sendable {
    var generations: Generations
    var desk: Desk
    var version: String

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generations.generator)
        // What a template takes is for the model's file to say, however short the messages are.
        let prepared = try await desk.work(on: request, context, isHeavy: true) { (chat: ChatRequest) in
            try prepare(chat, catalogue)
        }
        return try await generations.respond(to: prepared, context: context)
    }

    private func prepare(_ chat: ChatRequest, _ catalogue: Catalogue) throws -> PreparedRequest {
        let model = try catalogue.model(named: chat.options.model)
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
