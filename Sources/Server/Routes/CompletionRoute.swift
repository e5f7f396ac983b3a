import Engine
import Hummingbird
import Quantities
import Tokenization

/// `POST /v1/completions`.
struct CompletionRoute: Sendable {
    var generations: Generations
    var desk: Desk
    var version: String

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generations.generator)
        // A grammar may take long to compile, however short it is.
        let prepared = try await desk.work(on: request, context, isHeavy: true) { (completion: CompletionRequest) in
            try prepare(completion, catalogue)
        }
        return try await generations.respond(to: prepared, context: context)
    }

    private func prepare(_ completion: CompletionRequest, _ catalogue: Catalogue) throws -> PreparedRequest {
        let options = completion.options
        let model = try catalogue.model(named: options.model)
        try options.check(against: model)
        let fill = try completion.suffix.isEmpty ? nil : model.fillInTheMiddle("suffix")
        let prompts = try completion.prompts.map { try tokens(of: $0, completion.suffix, fill, model) }
        guard !prompts.isEmpty, !prompts.contains([]) else {
            throw APIError.invalid("prompt", "The prompt is empty.", code: "empty_prompt")
        }
        let spelling = TokenSpelling(tokenizer: model.tokenizer)
        let echoes = completion.prompts.map { completion.echoes ? text(of: $0, spelling) : "" }
        let format = CompletionFormat(
            header: AnswerHeader(prefix: "cmpl", model: model.name, version: version), spelling: spelling,
            echoes: echoes.flatMap { Array(repeating: $0, count: options.choices) },
            includesUsage: options.includesUsage)
        let requests = prompts.flatMap {
            options.requests(model: model.name, prompt: $0, topLogprobs: completion.topLogprobs)
        }
        return PreparedRequest(
            sequences: fill?.ending(requests) ?? requests,
            choicesPerPrompt: options.choices, format: format, isStream: options.isStream, promptField: "prompt")
    }

    private func tokens(
        of prompt: Prompt, _ suffix: String, _ fill: FillInTheMiddle?, _ model: ServedModel
    ) throws -> [TokenID] {
        guard let fill else { return try prompt.tokens(for: model) }
        guard case .text(let text) = prompt else {
            throw APIError.invalid("suffix", "`suffix` needs a `prompt` that is text.")
        }
        return fill.prompt(text, suffix)
    }

    private func text(of prompt: Prompt, _ spelling: TokenSpelling) -> String {
        switch prompt {
        case .text(let text): text
        case .tokens(let ids, _): String(decoding: ids.flatMap { spelling.bytes(Int32($0)) }, as: UTF8.self)
        }
    }
}
