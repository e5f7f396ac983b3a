import Engine
import Hummingbird

/// `POST /infill`: the text between two others, in llama.cpp's shape, as editors ask for it.
struct InfillRoute: Sendable {
    var generations: Generations
    var desk: Desk

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generations.generator)
        let prepared = try await desk.work(on: request, context) { (body: InfillRequest) in
            let model = try catalogue.model(named: body.options.model)
            try body.options.check(against: model)
            let fill = try model.fillInTheMiddle("input_prefix")
            let prompt = fill.prompt(body.prefix, body.suffix, body.snippets)
            return PreparedRequest(
                sequences: fill.ending(body.options.requests(model: model.name, prompt: prompt, topLogprobs: nil)),
                choicesPerPrompt: 1, format: InfillFormat(model: model.name), isStream: body.options.isStream,
                promptField: "input_prefix")
        }
        return try await generations.respond(to: prepared, context: context)
    }
}

/// The body of `POST /infill`.
private struct InfillRequest: Decodable {
    private enum CodingKeys: String, CodingKey {
        case prompt
        case inputPrefix = "input_prefix"
        case inputSuffix = "input_suffix"
        case inputExtra = "input_extra"
    }

    private struct Extra: Decodable {
        var filename: String?
        var text: String
    }

    var prefix: String
    var suffix: String
    var snippets: [FillInTheMiddle.Snippet]
    var options: GenerationOptions

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        guard let before: String = try fields.field(.inputPrefix) else {
            throw fields.wrong(.inputPrefix, "is missing")
        }
        guard let after: String = try fields.field(.inputSuffix) else {
            throw fields.wrong(.inputSuffix, "is missing")
        }
        // The line that is being written, which llama.cpp puts behind the lines before it.
        prefix = before + (try fields.field(.prompt) ?? "")
        suffix = after
        snippets =
            try fields.field(.inputExtra, as: [Extra].self)?.map {
                FillInTheMiddle.Snippet(name: $0.filename ?? "tmp", text: $0.text)
            } ?? []
        let llama = try LlamaOptions(from: decoder)
        options = llama.options(topP: 0.95, minP: 0.05)
        // Editors ask for no tokens where they want the prompt read ahead of time; the engine makes one at least.
        if llama.tokens == 0 { options.maxTokens = 1 }
    }
}

/// Answers of `POST /infill`.
private struct InfillFormat: AnswerFormat {
    var model: String

    /// A whole answer, or a piece of one.
    private struct Piece: Encodable {
        var content: String
        var stop: Bool
        var model: String?
        /// `eos` or `limit`; a stop string counts as an end of the text.
        var stopType: String?
        var tokensPredicted: Int?
        var tokensEvaluated: Int?
        var tokensCached: Int?
    }

    func answer(_ choices: [FinishedChoice], _ usage: Usage) -> any Encodable {
        last(choices[0].text, choices[0].reason, usage)
    }

    private func last(_ text: String, _ reason: FinishReason, _ usage: Usage) -> Piece {
        Piece(
            content: text, stop: true, model: model, stopType: reason == .length ? "limit" : "eos",
            tokensPredicted: usage.completionTokens, tokensEvaluated: usage.promptTokens,
            tokensCached: usage.promptTokensDetails.cachedTokens)
    }

    func stream(choices: Int) -> any AnswerStream { Stream(format: self) }

    private struct Stream: AnswerStream {
        let format: InfillFormat
        var reason = FinishReason.stop

        init(format: InfillFormat) { self.format = format }

        func token(_ token: GeneratedToken, choice: Int) -> [ServerEvent] {
            [ServerEvent(data: Piece(content: token.text, stop: false))]
        }

        mutating func end(choice: Int, reason: FinishReason) -> [ServerEvent] {
            self.reason = reason
            return []
        }

        func finish(_ usage: Usage) -> [ServerEvent] { [ServerEvent(data: format.last("", reason, usage))] }
    }
}
