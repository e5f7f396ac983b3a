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
            var detokenizer = StreamingDetokenizer(model.tokenizer, rendersSpecial: true)
            var content = ""
            for token in try model.tokens(body.tokens, field: "tokens") {
                content += detokenizer.append(token)
                try limit(content.utf8.count, "tokens")
            }
            return try desk.answer(Content(content: content + detokenizer.finish()))
        }
    }

    private func limit(_ bytes: Int, _ param: String) throws(APIError) {
        if bytes > answerLimit { throw .answerTooLarge(param, limit: answerLimit) }
    }
}

/// The body of `POST /tokenize`, in llama.cpp's shape.
private struct TokenizeRequest: Decodable {
    private enum CodingKeys: String, CodingKey {
        case model, content
        case addSpecial = "add_special"
        case parseSpecial = "parse_special"
        case withPieces = "with_pieces"
    }

    var model: String?
    var content: String
    var addsSpecial: Bool
    var parsesSpecial: Bool
    var includesPieces: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        model = try fields.field(.model)
        guard let content: String = try fields.field(.content) else { throw fields.wrong(.content, "is missing") }
        self.content = content
        addsSpecial = try fields.field(.addSpecial) ?? false
        parsesSpecial = try fields.field(.parseSpecial) ?? true
        includesPieces = try fields.field(.withPieces) ?? false
    }
}

/// The body of `POST /detokenize`, in llama.cpp's shape.
private struct DetokenizeRequest: Decodable {
    private enum CodingKeys: CodingKey { case model, tokens }

    var model: String?
    var tokens: [Int]

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        model = try fields.field(.model)
        guard let tokens: [Int] = try fields.field(.tokens) else { throw fields.wrong(.tokens, "is missing") }
        self.tokens = tokens
    }
}

/// A token with what it stands for: its text, or its bytes where they are not text by themselves.
private struct TokenPiece: Encodable {
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
