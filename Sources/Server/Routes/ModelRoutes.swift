import Engine
import Foundation
import Hummingbird

/// `GET /v1/models` and `GET /v1/models/{id}`.
struct ModelRoutes: Sendable {
    static let path = "/v1/models"

    var generator: any TextGenerator
    /// Other names of models.
    var aliases: AliasTable

    private struct Card: Encodable {
        var id: String
        var object = "model"
        var created: Int
        var ownedBy = "weft"
        /// Models that are named are there; llama.cpp's word.
        var status = "loaded"
        var contextLength: Int
        /// vLLM's name for the context length.
        var maxModelLen: Int
        /// `generation`, `embedding` or `ranking`.
        var purpose: String
        /// Other names of the model.
        var aliases: [String]?
        /// Of another name: the model's own.
        var aliasOf: String?

        /// - Parameter aliases: other names that the caller may know, with the models that they stand for.
        init(_ model: ServedModel, aliases: [String: String]) {
            id = model.name
            created = model.created
            contextLength = model.contextLength
            maxModelLen = model.contextLength
            purpose = model.purpose.word
            aliasOf = aliases[model.name]
            let names = aliases.filter { $0.value == model.name }.keys.sorted()
            self.aliases = names.isEmpty ? nil : names
        }
    }

    private struct List: Encodable {
        var object = "list"
        var data: [Card]
    }

    func list(_ request: Request, _ context: ServerContext) async throws -> Response {
        let models = await generator.models
        let aliases = known(models)
        return try Response(json: List(data: models.map { Card($0, aliases: aliases) }))
    }

    /// The name is all that follows the path: it may hold slashes, as they are or escaped.
    func retrieve(_ request: Request, _ context: ServerContext) async throws -> Response {
        let escaped = String(request.uri.path.dropFirst(Self.path.count + 1))
        let name = escaped.removingPercentEncoding ?? escaped
        let model = try await Catalogue(of: generator).model(named: name)
        return try Response(json: Card(model, aliases: known(await generator.models)))
    }

    /// The aliases of which the caller sees both names: a key may be for one of them alone.
    private func known(_ models: [ServedModel]) -> [String: String] {
        let names = Set(models.map(\.name))
        return aliases.names.filter { names.contains($0.key) && names.contains($0.value) }
    }
}

extension ModelPurpose {
    fileprivate var word: String {
        switch self {
        case .generation: "generation"
        case .embedding: "embedding"
        case .ranking: "ranking"
        }
    }
}
