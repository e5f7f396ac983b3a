import Engine
import Foundation
import Hummingbird

/// `POST /v1/embeddings`.
struct EmbeddingsRoute: Sendable {
    var reader: TextReader
    /// The most bytes of an answer.
    var answerLimit: Int

    private struct Answer: Encodable {
        var object = "list"
        var data: [Item]
        var model: String
        var usage: ReadingUsage
    }

    private struct Item: Encodable {
        var object = "embedding"
        var index: Int
        var embedding: Vector
    }

    /// A vector as its client wants it.
    private enum Vector: Encodable {
        case floats([Float])
        case text(String)

        /// Bytes of a number in JSON at most, with the comma behind it.
        static let floatBytes = 16

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .floats(let floats): try container.encode(floats)
            case .text(let text): try container.encode(text)
            }
        }
    }

    private struct Prepared: Sendable {
        var model: String
        var texts: [TextReader.Text]
        var dimensions: Int
        var encoding: EmbeddingsRequest.Encoding
        var answerBytes: Int
    }

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: reader.generator)
        let prepared = try await reader.desk.work(on: request, context) { (body: EmbeddingsRequest) in
            try prepare(body, catalogue)
        }
        let embeddings = try await reader.read(prepared.texts, context: context)
        return try await reader.desk.workers.run(bytes: prepared.answerBytes) { [desk = reader.desk] in
            let items = embeddings.enumerated().map { index, embedding in
                Item(index: index, embedding: vector(embedding.vector, prepared))
            }
            return try desk.answer(Answer(data: items, model: prepared.model, usage: ReadingUsage(embeddings)))
        }
    }

    private func prepare(_ body: EmbeddingsRequest, _ catalogue: Catalogue) throws -> Prepared {
        let model = try catalogue.model(named: body.model)
        guard case .embedding(let dimensions) = model.purpose else {
            throw APIError.unsuitable(model.name, model.purpose)
        }
        let wanted = body.dimensions ?? dimensions
        guard wanted <= dimensions else {
            throw APIError.invalid(
                "dimensions", "`dimensions` must be between 1 and \(dimensions), those of \(model.name).")
        }
        // Four bytes are five and a third in base64.
        let bytes = body.inputs.count * wanted * (body.encoding == .float ? Vector.floatBytes : 6)
        guard bytes <= answerLimit else { throw APIError.answerTooLarge("input", limit: answerLimit) }
        guard !body.inputs.isEmpty else { throw APIError.invalid("input", "`input` is empty.", code: "empty_input") }
        let texts = try body.inputs.enumerated().map { index, input in
            let field = body.inputs.count == 1 ? "input" : "input[\(index)]"
            let tokens = try input.tokens(for: model)
            guard !tokens.isEmpty else { throw APIError.invalid(field, "`\(field)` is empty.", code: "empty_input") }
            return TextReader.Text(request: EmbeddingRequest(model: model.name, prompt: tokens), field: field)
        }
        return Prepared(
            model: model.name, texts: texts, dimensions: wanted, encoding: body.encoding, answerBytes: bytes)
    }

    private func vector(_ vector: [Float], _ prepared: Prepared) -> Vector {
        let vector = vector.cut(to: prepared.dimensions)
        switch prepared.encoding {
        case .float: return .floats(vector)
        case .base64:
            let bytes = vector.flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
            }
            return .text(Data(bytes).base64EncodedString())
        }
    }
}

extension [Float] {
    /// The leading numbers, of length one again. Source: Kusupati et al. 2022, Matryoshka.
    fileprivate func cut(to count: Int) -> [Float] {
        guard count < self.count else { return self }
        let length = prefix(count).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        return prefix(count).map { length > 0 ? Float(Double($0) / length) : 0 }
    }
}
