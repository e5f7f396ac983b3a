/// The body of `POST /tokenize`, in llama.cpp's shape.
struct TokenizeRequest: Decodable {
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
