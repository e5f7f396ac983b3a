/// The body of `POST /v1/rerank`, in the shape of Jina and Cohere.
struct RerankRequest: Decodable {
    private enum CodingKeys: String, CodingKey {
        case model, query, documents
        case topN = "top_n"
        case returnDocuments = "return_documents"
    }

    var model: String?
    var query: String
    var documents: [String]
    /// How many results are wanted, the best of all; `nil` for all.
    var topN: Int?
    var returnsDocuments: Bool

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        model = try fields.field(.model)
        guard let query: String = try fields.field(.query), !query.isEmpty else {
            throw fields.wrong(.query, "is missing or empty")
        }
        self.query = query
        let documents: [Document] = try fields.field(.documents) ?? []
        guard 1...TextReader.countLimit ~= documents.count else {
            throw fields.wrong(.documents, "must have 1 to \(TextReader.countLimit) texts")
        }
        self.documents = documents.map(\.text)
        topN = try fields.integer(.topN, in: 1...Int(Int32.max))
        returnsDocuments = try fields.field(.returnDocuments) ?? false
    }

    /// A text, or an object that has one.
    private struct Document: Decodable {
        private enum CodingKeys: CodingKey { case text }

        var text: String

        init(from decoder: any Decoder) throws {
            if let text = try decoder.singleValueContainer().ifType(String.self) {
                self.text = text
                return
            }
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            guard let text: String = try fields.field(.text) else { throw fields.wrong(.text, "is missing") }
            self.text = text
        }
    }
}
