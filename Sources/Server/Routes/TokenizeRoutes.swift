import Engine
import Hummingbird
import Quantities
import Tokenization

/// `POST /tokenize` and `POST /detokenize`, in llama.cpp's shapes.
struct TokenizeRoutes: Sendable {
    var generator: any TextGenerator
    var desk: Desk
    /// The most bytes of an answer, as far as they can be told before it is written.
    var answerLimit: Int

    private struct Ids: Encodable { var tokens: [TokenID] }

    private struct Pieces: Encodable { var tokens: [TokenPiece] }

    private struct Content: Encodable { var content: String }

    /// Bytes that a token's id takes in JSON, and its piece besides the piece's text.
    private static let (idBytes, pieceBytes) = (7, 32)

    func tokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generator)
        return try await desk.work(on: request, context) { (body: TokenizeRequest) in
            let tokenizer = try catalogue.model(named: body.model).tokenizer
            let tokens = tokenizer.encode(
                body.content, parsesSpecial: body.parsesSpecial, addsSpecial: body.addsSpecial)
            let bytes = tokens.count * (body.includesPieces ? Self.pieceBytes : Self.idBytes)
            try limit(bytes + (body.includesPieces ? body.content.utf8.count : 0), "content")
            if body.includesPieces { return try desk.answer(Pieces(tokens: tokens.map { TokenPiece($0, tokenizer) })) }
            return try desk.answer(Ids(tokens: tokens))
        }
    }

    func detokenize(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: generator)
        return try await desk.work(on: request, context) { (body: DetokenizeRequest) in
            let model = try catalogue.model(named: body.model)
            var bytes: [UInt8] = []
            for token in try model.tokens(body.tokens, field: "tokens") {
                bytes += model.tokenizer.bytes(of: token, rendersSpecial: true)
                try limit(bytes.count, "tokens")
            }
            return try desk.answer(Content(content: String(decoding: bytes, as: UTF8.self)))
        }
    }

    private func limit(_ bytes: Int, _ param: String) throws(APIError) {
        if bytes > answerLimit { throw .answerTooLarge(param, limit: answerLimit) }
    }
}
