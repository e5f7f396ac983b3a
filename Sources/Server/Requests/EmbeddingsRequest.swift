/// The body of `POST /v1/embeddings`.
struct EmbeddingsRequest: Decodable {
    private enum CodingKeys: String, CodingKey {
        case model, input, dimensions
        case encodingFormat = "encoding_format"
    }

    /// How a vector stands in the answer.
    enum Encoding: String, Decodable {
        case float
        /// Little-endian floats of four bytes.
        case base64
    }

    var model: String?
    var inputs: [Prompt]
    var encoding: Encoding
    /// The leading numbers of each vector that are wanted; `nil` for all.
    var dimensions: Int?

    init(model: String?, inputs: [Prompt], encoding: Encoding, dimensions: Int?) {
        self.model = model
        self.inputs = inputs
        self.encoding = encoding
        self.dimensions = dimensions
    }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        model = try fields.field(.model)
        dimensions = try fields.integer(.dimensions, in: 1...(1 << 20))
        let format: String? = try fields.field(.encodingFormat)
        guard let encoding = Encoding(rawValue: format ?? Encoding.float.rawValue) else {
            throw fields.wrong(.encodingFormat, "must be `float` or `base64`")
        }
        self.encoding = encoding
        guard let input: PromptField = try fields.field(.input) else { throw fields.wrong(.input, "is missing") }
        inputs = input.prompts
        guard inputs.count <= TextReader.countLimit else {
            throw fields.wrong(.input, "must not have more than \(TextReader.countLimit) texts")
        }
    }
}
