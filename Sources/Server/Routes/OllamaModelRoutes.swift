import Chat
import Engine
import Foundation
import Hummingbird

/// `GET /api/version`, `/api/tags` and `/api/ps`, and `POST /api/show`: what Ollama's clients ask of models.
///
/// Of a model file no more is told than the server keeps of it: not its family, number of weights, size or digest.
struct OllamaModelRoutes: Sendable {
    /// Chosen: the Ollama whose API this is, as clients ask for a least version; it was the first to take an effort as
    /// `think`.
    private static let version = "0.11.0"

    var generator: any TextGenerator
    var desk: Desk

    private struct Version: Encodable { var version = OllamaModelRoutes.version }

    private struct List: Encodable { var models: [Card] }

    /// A model of a list.
    private struct Card: Encodable {
        var name: String
        var model: String
        var modifiedAt: String
        var details = Details()
        var contextLength: Int
        /// Of running models. Chosen: far ahead, as models stay.
        var expiresAt: String?

        init(_ served: ServedModel) {
            name = served.name.contains(":") ? served.name : served.name + Catalogue.tag
            model = name
            modifiedAt = served.modifiedAt
            contextLength = served.contextLength
        }
    }

    private struct Details: Encodable { var format = "gguf" }

    private struct Model: Encodable {
        /// Jinja, where Ollama's are Go's.
        var template: String
        var details = Details()
        var modelInfo: [String: Fact]
        var capabilities: [String]
        var modifiedAt: String
    }

    private enum Fact: Encodable {
        case text(String)
        case number(Int)

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            }
        }
    }

    func version(_ request: Request, _ context: ServerContext) throws -> Response { try Response(json: Version()) }

    func tags(_ request: Request, _ context: ServerContext) async throws -> Response {
        try Response(json: List(models: await generator.models.map { Card($0) }))
    }

    /// All models that there are have been loaded.
    func running(_ request: Request, _ context: ServerContext) async throws -> Response {
        let cards = await generator.models.map { model in
            var card = Card(model)
            card.expiresAt = "9999-12-31T23:59:59.000Z"
            return card
        }
        return try Response(json: List(models: cards))
    }

    func show(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generator)
        return try await desk.work(on: request, context) { (body: OllamaShowRequest) in
            let model = try catalogue.model(tagged: body.model)
            // Clients look for the context under the name of an architecture; which one it is they do not mind.
            var info: [String: Fact] = [
                "general.architecture": .text("weft"), "weft.context_length": .number(model.contextLength),
            ]
            if case .embedding(let dimensions) = model.purpose {
                info["weft.embedding_length"] = .number(dimensions)
            }
            return try Response(
                json: Model(
                    template: model.chatTemplate?.source ?? "", modelInfo: info, capabilities: model.capabilities,
                    modifiedAt: model.modifiedAt))
        }
    }
}

extension ServedModel {
    fileprivate var modifiedAt: String { Date(timeIntervalSince1970: Double(created)).rfc3339 }

    /// In Ollama's words.
    fileprivate var capabilities: [String] {
        switch purpose {
        case .embedding: return ["embedding"]
        case .ranking: return []
        case .generation:
            var words = ["completion"]
            if chatTemplate?.features.tools == true { words.append("tools") }
            if chatTemplate?.format.anyReasoning != nil { words.append("thinking") }
            if FillInTheMiddle(tokenizer) != nil { words.append("insert") }
            return words
        }
    }
}
