import Engine
import Hummingbird
import Tokenization

/// `POST /tokenize` and `POST /detokenize`, in llama.cpp's shapes.
struct TokenizeRoutes: Sendable {
    var generator: any TextGenerator
    var bodies: BodyReader

    private struct Ids: Encodable { var tokens: [TokenID] }

    private struct Pieces: Encodable { var tokens: [Piece] }

    private struct Content: Encodable { var content: String }

    func tokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        let body = try await bodies.decode(TokenizeRequest.self, from: request)
        let tokenizer = try await generator.model(named: body.model).tokenizer
        let tokens = tokenizer.encode(
            body.content, parsesSpecial: body.parsesSpecial, addsSpecial: body.addsSpecial)
        guard body.includesPieces else { return try Response(json: Ids(tokens: tokens)) }
        return try Response(json: Pieces(tokens: tokens.map { Piece($0, tokenizer) }))
    }

    func detokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        let body = try await bodies.decode(DetokenizeRequest.self, from: request)
        let model = try await generator.model(named: body.model)
        let tokens = try model.tokens(body.tokens, field: "tokens")
        let bytes = tokens.flatMap { model.tokenizer.bytes(of: $0, rendersSpecial: true) }
        return try Response(json: Content(content: String(decoding: bytes, as: UTF8.self)))
    }
}

/// A token with what it stands for: its text, or its bytes where they are not text by themselves.
private struct Piece: Encodable {
    private enum CodingKeys: CodingKey { case id, piece }

    var id: TokenID
    var bytes: [UInt8]

    init(_ id: TokenID, _ tokenizer: any Tokenizer) {
        self.id = id
        bytes = tokenizer.bytes(of: id, rendersSpecial: true)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(id, forKey: .id)
        if let text = String(validating: bytes, as: UTF8.self) {
            try container.encode(text, forKey: .piece)
        } else {
            try container.encode(bytes, forKey: .piece)
        }
    }
}
