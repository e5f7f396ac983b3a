import Engine
import Hummingbird
import Quantities
import Tokenization

/// `POST /tokenize` and `POST /detokenize`, in llama.cpp's shapes.
struct TokenizeRoutes: Sendable {
    var generator: any TextGenerator
    var bodies: BodyReader

    private struct Ids: Encodable { var tokens: [TokenID] }

    private struct Pieces: Encodable { var tokens: [TokenPiece] }

    private struct Content: Encodable { var content: String }

    func tokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        let body = try await bodies.decode(TokenizeRequest.self, from: request)
        let tokenizer = try await generator.model(named: body.model).tokenizer
        let tokens = tokenizer.encode(
            body.content, parsesSpecial: body.parsesSpecial, addsSpecial: body.addsSpecial)
        guard body.includesPieces else { return try Response(json: Ids(tokens: tokens)) }
        return try Response(json: Pieces(tokens: tokens.map { TokenPiece($0, tokenizer) }))
    }

    func detokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        let body = try await bodies.decode(DetokenizeRequest.self, from: request)
        let model = try await generator.model(named: body.model)
        let tokens = try model.tokens(body.tokens, field: "tokens")
        let bytes = tokens.flatMap { model.tokenizer.bytes(of: $0, rendersSpecial: true) }
        return try Response(json: Content(content: String(decoding: bytes, as: UTF8.self)))
    }
}
