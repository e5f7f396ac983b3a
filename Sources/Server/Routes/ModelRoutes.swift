import Engine
import Foundation
import Hummingbird

/// `GET /v1/models` and `GET /v1/models/{id}`.
struct ModelRoutes: Sendable {
    static let path = "/v1/models"

    var generator: any TextGenerator

    private struct Card: Encodable {
        var id: String
        var object = "model"
        var created: Int
        var ownedBy = "weft"
        /// vLLM's name for the context length.
        var maxModelLen: Int

        init(_ model: ServedModel) {
            id = model.name
            created = model.created
            maxModelLen = model.contextLength
        }
    }

    private struct List: Encodable {
        var object = "list"
        var data: [Card]
    }

    func list(_ request: Request, _ context: ServerContext) async throws -> Response {
        try Response(json: List(data: await generator.models.map { Card($0) }))
    }

    /// The name is all that follows the path: it may hold slashes, as they are or escaped.
    func retrieve(_ request: Request, _ context: ServerContext) async throws -> Response {
        let escaped = String(request.uri.path.dropFirst(Self.path.count + 1))
        let name = escaped.removingPercentEncoding ?? escaped
        return try Response(json: Card(try await Catalogue(of: generator).model(named: name)))
    }
}
