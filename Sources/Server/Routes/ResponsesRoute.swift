import Engine
import Foundation
import Hummingbird

/// `POST /v1/responses`: OpenAI's newer API, without a memory.
struct ResponsesRoute: Sendable {
    var generations: Generations
    var desk: Desk

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generations.generator)
        let prepared = try await desk.work(on: request, context, isHeavy: true) { (body: ResponsesRequest) in
            let model = try catalogue.model(named: body.options.model)
            try body.options.check(against: model)
            let prompt = try body.chat.prompt(for: model)
            let format = ResponsesFormat(
                id: "resp_\(Identifier.random())", created: Int(Date().timeIntervalSince1970), model: model.name,
                instructions: body.instructions, maxOutputTokens: body.options.maxTokens, reading: prompt.reading)
            return PreparedRequest(
                sequences: try prompt.requests(body.options, model: model), choicesPerPrompt: 1, format: format,
                isStream: body.options.isStream, promptField: "input")
        }
        return try await generations.respond(to: prepared, context: context)
    }
}
