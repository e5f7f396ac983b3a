import Chat
import Engine
import Foundation
import Hummingbird

/// `GET /api/version`, `/api/tags` and `/api/ps`, and `POST /api/show`: what Ollama's clients ask of models.
///
/// Of a model's file there is no digest, which would take seconds.
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
        /// Bytes of the file.
        var size: Int
        var details: Details
        var contextLength: Int
        /// Of running models. Chosen: far ahead, as models stay.
        var expiresAt: String?

        init(_ served: ServedModel) {
            name = served.name.contains(":") ? served.name : served.name + Catalogue.tag
            model = name
            modifiedAt = served.modifiedAt
            size = served.details?.fileBytes ?? 0
            details = Details(served)
            contextLength = served.contextLength
        }
    }

    private struct Details: Encodable {
        var format = "gguf"
        var family: String
        var families: [String]
        /// As `135M`.
        var parameterSize: String
        var quantizationLevel: String

        init(_ served: ServedModel) {
            family = served.details?.architecture ?? ""
            families = [family]
            parameterSize = Self.abbreviated(served.details?.parameters ?? 0)
            quantizationLevel = served.details?.type ?? ""
        }

        private static func abbreviated(_ count: Int) -> String {
            guard count >= 1_000_000_000 else { return "\((count + 500_000) / 1_000_000)M" }
            let tenths = (count + 50_000_000) / 100_000_000
            return "\(tenths / 10).\(tenths % 10)B"
        }
    }

    private struct Model: Encodable {
        /// Jinja, where Ollama's are Go's.
        var template: String
        var details: Details
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
            let architecture = model.details?.architecture ?? "unknown"
            var info: [String: Fact] = [
                "general.architecture": .text(architecture),
                "\(architecture).context_length": .number(model.contextLength),
            ]
            info["general.parameter_count"] = (model.details?.parameters).map { .number($0) }
            if case .embedding(let dimensions) = model.purpose {
                info["\(architecture).embedding_length"] = .number(dimensions)
            }
            return try Response(
                json: Model(
                    template: model.chatTemplate?.source ?? "", details: Details(model), modelInfo: info,
                    capabilities: model.capabilities,
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
            if FillInTheMiddle(self) != nil { words.append("insert") }
            return words
        }
    }
}
