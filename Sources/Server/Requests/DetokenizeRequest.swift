/// The body of `POST /detokenize`, in llama.cpp's shape.
struct DetokenizeRequest: Decodable {
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
