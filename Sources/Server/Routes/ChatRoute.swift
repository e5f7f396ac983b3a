import Engine
import Hummingbird

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

    private struct Prompt: Encodable { var prompt: String }

    /// `POST /apply-template`, in llama.cpp's shape: the prompt that a chat would have.
    func applyTemplate(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generations.generator)
        return try await desk.work(on: request, context, isHeavy: true) { (chat: ChatRequest) in
            let model = try catalogue.model(named: chat.options.model)
            return try desk.answer(Prompt(prompt: chat.input.prompt(for: model).text))
        }
    }

    private func prepare(_ chat: ChatRequest, _ catalogue: Catalogue) throws -> PreparedRequest {
        let model = try catalogue.model(named: chat.options.model)
        try chat.options.check(against: model)
        let prompt = try chat.input.prompt(for: model)
        let format = ChatFormat(
            header: AnswerHeader(prefix: "chatcmpl", model: model.name, version: version),
            spelling: TokenSpelling(tokenizer: model.tokenizer), reading: prompt.reading,
            areFunctions: chat.areFunctions, includesUsage: chat.options.includesUsage)
        return PreparedRequest(
            sequences: try prompt.requests(chat.options, model: model, topLogprobs: chat.topLogprobs),
            choicesPerPrompt: chat.options.choices, format: format, isStream: chat.options.isStream,
            promptField: "messages")
    }
}
