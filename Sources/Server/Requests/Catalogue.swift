import Engine
import Tokenization

/// The models that could be named when a request came.
struct Catalogue: Sendable {
    private let served: [ServedModel]
    private let isReady: Bool

    init(of generator: any TextGenerator) async {
        served = await generator.models
        isReady = await generator.isReady
    }

    /// The model that a client named; without a name the only one there is.
    func model(named name: String?) throws(APIError) -> ServedModel {
        if let model = served.first(where: { $0.name == name }) { return model }
        guard isReady || !served.isEmpty else { throw .unavailable("The models are loading.") }
        guard let name else {
            if served.count == 1 { return served[0] }
            throw .modelMissing(served.map(\.name))
        }
        throw .modelNotFound(name)
    }

    /// The same for Ollama's clients, who add the tag `latest` to a name without one.
    func model(tagged name: String?) throws(APIError) -> ServedModel {
        guard let name, name.hasSuffix(Self.tag), !served.contains(where: { $0.name == name }) else {
            return try model(named: name)
        }
        return try model(named: String(name.dropLast(Self.tag.count)))
    }

    /// What Ollama adds to a name without a tag.
    static let tag = ":latest"
}

extension APIError {
    /// A request names no model, where there are several or none.
    static func modelMissing(_ models: [String]) -> APIError {
        let names = models.map { "`\($0)`" }.joined(separator: ", ")
        return .invalid("model", "`model` is missing; this server has \(names).")
    }
}

extension ServedModel {
    /// Token ids as the engine takes them.
    /// - Throws: `APIError` that names the element of `field` outside of the vocabulary.
    func tokens(_ ids: [Int], field: String) throws(APIError) -> [Int32] {
        if let index = ids.firstIndex(where: { !(0..<tokenizer.vocabularySize).contains($0) }) {
            throw .invalid(
                "\(field)[\(index)]",
                "Token \(ids[index]) is outside of the vocabulary of "
                    + "\(tokenizer.vocabularySize) tokens.", code: "token_out_of_vocabulary")
        }
        return ids.map { Int32($0) }
    }
}
