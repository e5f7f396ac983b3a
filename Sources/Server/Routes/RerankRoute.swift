import Engine
import Hummingbird
import Tokenization

/// `POST /v1/rerank`: how well each of some documents answers a question.
struct RerankRoute: Sendable {
    var reader: TextReader

    private struct Answer: Encodable {
        var id: String
        var object = "list"
        var model: String
        var results: [Item]
        var usage: ReadingUsage
    }

    private struct Item: Encodable {
        struct Document: Encodable { var text: String }

        /// Of the document in the request.
        var index: Int
        var relevanceScore: Float
        var document: Document?
    }

    private struct Prepared: Sendable {
        var model: String
        var texts: [TextReader.Text]
        /// Those to be returned; empty where none are wanted.
        var documents: [String]
        var topN: Int
    }

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: reader.generator)
        let prepared = try await reader.desk.work(on: request, context) { (body: RerankRequest) in
            try prepare(body, catalogue)
        }
        let embeddings = try await reader.read(prepared.texts, context: context)
        let bytes = prepared.documents.reduce(0) { $0 + $1.utf8.count }
        return try await reader.desk.workers.run(bytes: bytes) { [desk = reader.desk] in
            let scores = embeddings.map { $0.vector.first ?? 0 }
            // Of equal ones the first.
            let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
            let results = order.prefix(prepared.topN).map { index in
                let document = prepared.documents.isEmpty ? nil : Item.Document(text: prepared.documents[index])
                return Item(index: index, relevanceScore: scores[index], document: document)
            }
            return try desk.answer(
                Answer(
                    id: "rerank-\(Identifier.random())", model: prepared.model, results: results,
                    usage: ReadingUsage(embeddings)))
        }
    }

    private func prepare(_ body: RerankRequest, _ catalogue: Catalogue) throws -> Prepared {
        let model = try catalogue.model(named: body.model)
        guard model.purpose == .ranking else { throw APIError.unsuitable(model.name, model.purpose) }
        let texts = body.documents.enumerated().map { index, document in
            TextReader.Text(
                request: EmbeddingRequest(
                    model: model.name, prompt: model.rankTokens(query: body.query, document: document)),
                field: "documents[\(index)]")
        }
        return Prepared(
            model: model.name, texts: texts, documents: body.returnsDocuments ? body.documents : [],
            topN: min(body.topN ?? .max, texts.count))
    }
}

extension ServedModel {
    /// A question and a document as the model wants them put: as llama.cpp does it.
    fileprivate func rankTokens(query: String, document: String) -> [Int32] {
        guard let rankTemplate else { return tokenizer.encode(query, and: document) }
        // Each text in its place, whatever it contains.
        let text = rankTemplate.split(separator: "{query}", omittingEmptySubsequences: false).map { part in
            part.split(separator: "{document}", omittingEmptySubsequences: false).joined(separator: document)
        }
        return tokenizer.encode(text.joined(separator: query), parsesSpecial: true, addsSpecial: false)
    }
}
