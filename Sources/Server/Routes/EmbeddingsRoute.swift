import Engine
import Foundation
import Hummingbird
import Quantities
import Tokenization

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

    /// A request that was understood.
    struct Prepared: Sendable {
        fileprivate var model: String
        fileprivate var texts: [TextReader.Text]
        fileprivate var dimensions: Int
        fileprivate var encoding: EmbeddingsRequest.Encoding
        fileprivate var answerBytes: Int
    }

    func respond(_ request: Request, _ context: ServerContext) async throws -> Response {
        let catalogue = await Catalogue(of: reader.generator)
        let prepared = try await reader.desk.work(on: request, context) { (body: EmbeddingsRequest) in
            let model = try catalogue.model(named: body.model)
            guard !body.inputs.isEmpty else {
                throw APIError.invalid("input", "`input` is empty.", code: "empty_input")
            }
            return try prepare(body, model)
        }
        let embeddings = try await reader.read(prepared.texts, context: context)
        return try await reader.desk.workers.run(bytes: prepared.answerBytes) { [desk = reader.desk] in
            let items = embeddings.enumerated().map { index, embedding in
                Item(index: index, embedding: vector(embedding.vector, prepared))
            }
            return try desk.answer(Answer(data: items, model: prepared.model, usage: ReadingUsage(embeddings)))
        }
    }

    /// The vectors themselves, for an API that has a shape of its own.
    func vectors(
        _ prepared: Prepared, _ context: ServerContext
    ) async throws -> (vectors: [[Float]], usage: ReadingUsage) {
        let embeddings = try await reader.read(prepared.texts, context: context)
        return (embeddings.map { $0.vector.cut(to: prepared.dimensions) }, ReadingUsage(embeddings))
    }

    /// - Parameter truncates: texts that are too long lose their ends.
    func prepare(_ body: EmbeddingsRequest, _ model: ServedModel, truncates: Bool = false) throws -> Prepared {
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
        let texts = try body.inputs.enumerated().map { index, input in
            let field = body.inputs.count == 1 ? "input" : "input[\(index)]"
            let tokens = try input.tokens(for: model)
            guard !tokens.isEmpty else { throw APIError.invalid(field, "`\(field)` is empty.", code: "empty_input") }
            let prompt = truncates ? model.truncated(tokens) : tokens
            return TextReader.Text(request: EmbeddingRequest(model: model.name, prompt: prompt), field: field)
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

extension ServedModel {
    /// As many tokens as the model reads; a token that ends a text stays where it is one.
    fileprivate func truncated(_ tokens: [TokenID]) -> [TokenID] {
        guard tokens.count > contextLength, let last = tokens.last else { return tokens }
        let isEnd = tokenizer.bytes(of: last, rendersSpecial: false).isEmpty
        return tokens.prefix(contextLength - (isEnd ? 1 : 0)) + (isEnd ? [last] : [])
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
