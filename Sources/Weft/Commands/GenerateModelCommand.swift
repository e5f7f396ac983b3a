import ArgumentParser
import Foundation
import GGUF
import Quantities
import Transformer

/// `weft models generate`: a model of any shape, for comparisons between models that differ.
struct GenerateModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Write a model of any shape with random weights.",
        discussion: """
            Its text says nothing. Equal options give equal files. OUT appears only when it is complete. Without --shape \
            a small Llama is written: 4 layers, an embedding of 256, 8 query heads and 4 of keys and values, of 32 each. \
            With --like it is a model of the family and the sizes of another, whose metadata --set changes.
            """)

    @Argument(help: "The GGUF file to write.")
    var output: String

    @Option(
        help: "The sizes of a known model: \(LlamaShape.known.map { $0.name.lowercased() }.joined(separator: ", ")).")
    var shape: String?

    @Option(help: "A model of any family, whose metadata and tokenizer it gets.")
    var like: String?

    @Option(
        parsing: .singleValue,
        help: "KEY=VALUE of the metadata: a number, true, false, numbers with commas between, or else text.")
    var set: [String] = []

    @Option(help: "The model whose tokenizer and chat template it gets; by default it gets a byte-level vocabulary.")
    var tokenizer: String?

    @Option(help: "Tokens of a vocabulary that comes from no tokenizer.")
    var vocabulary: Int?

    @Option(help: "Layers.")
    var layers: Int?

    @Option(help: "The length of a token's embedding.")
    var embedding: Int?

    @Option(help: "Query heads.")
    var heads: Int?

    @Option(help: "Heads of keys and values; divides --heads.")
    var kvHeads: Int?

    @Option(help: "32, 64, 80 or 128.")
    var headSize: Int?

    @Option(help: "The width of the feed-forward layer.")
    var feedForward: Int?

    @Option(help: "The most tokens of prompt and output.")
    var context: Int?

    @Option(help: "f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k or q6_k.")
    var type = "q8_0"

    @Option(help: "Equal seeds give equal weights.")
    var seed: UInt64 = 1

    @Flag(
        name: .customLong("repeat"),
        help: "Repeat a million numbers: billions of weights are written as fast as the disk takes them.")
    var repeats = false

    func validate() throws {
        if let shape, LlamaShape(named: shape) == nil {
            let names = LlamaShape.known.map { $0.name.lowercased() }.joined(separator: ", ")
            throw ValidationError("--shape \(shape): is none of \(names)")
        }
        let sizes = [layers, embedding, heads, kvHeads, headSize, feedForward, context, vocabulary]
        if like != nil, shape != nil || tokenizer != nil || sizes.contains(where: { $0 != nil }) {
            throw ValidationError("--like: sizes are those of the model; change them with --set")
        }
        if like == nil, !set.isEmpty { throw ValidationError("--set: changes the metadata of --like") }
        if tokenizer != nil, vocabulary != nil {
            throw ValidationError("--tokenizer and --vocabulary are two ways to say the same")
        }
    }

    func run() throws {
        guard let like else { return try writeLlama() }
        var model = RandomModel(like: try GGUFFile(path: Folders.model(like)))
        for change in try changes() { model.metadata[change.key] = change.value }
        model.type = try TensorType(writable: type)
        model.numbers = RandomTensors(seed: seed, repeatsNumbers: repeats)
        try model.write(to: output)
    }

    private func changes() throws -> [(key: String, value: MetadataValue)] {
        try set.map { change in
            guard let sign = change.firstIndex(of: "=") else {
                throw CommandError("--set \(change): is no KEY=VALUE")
            }
            return (String(change[..<sign]), MetadataValue(written: String(change[change.index(after: sign)...])))
        }
    }

    private func writeLlama() throws {
        let source = try tokenizer.map { try GGUFFile(path: Folders.model($0)).metadata }
        var model = shape.flatMap(LlamaShape.init).map { TinyLlama($0) } ?? Self.small
        model.name = URL(filePath: output).deletingPathExtension().lastPathComponent
        model.type = try TensorType(writable: type)
        (model.seed, model.repeatsNumbers) = (seed, repeats)
        func change(_ size: WritableKeyPath<TinyLlama, Int>, _ value: Int?) {
            if let value { model[keyPath: size] = value }
        }
        change(\.layers, layers)
        change(\.embeddingLength, embedding)
        change(\.heads, heads)
        change(\.keyValueHeads, kvHeads)
        change(\.headSize, headSize)
        change(\.feedForwardLength, feedForward)
        change(\.contextLength, context)
        change(\.vocabularySize, try source?.strings("tokenizer.ggml.tokens").count ?? vocabulary)
        try model.write(to: output, tokenizer: source)
    }

    private static let small = {
        var model = TinyLlama()
        (model.layers, model.embeddingLength, model.feedForwardLength) = (4, 256, 768)
        (model.heads, model.keyValueHeads, model.headSize, model.contextLength) = (8, 4, 32, 2048)
        return model
    }()
}

extension MetadataValue {
    /// A value as a user writes it: a number, a truth, numbers with commas between, or text.
    fileprivate init(written text: String) {
        if let bool = Bool(text) {
            self = .bool(bool)
        } else if let number = UInt32(text) {
            self = .uint32(number)
        } else if let number = Int32(text) {
            self = .int32(number)
        } else if let number = Float(text) {
            self = .float32(number)
        } else {
            let numbers = text.split(separator: ",").map { Int32($0) }
            let all = numbers.compactMap { $0 }
            self = numbers.count > 1 && all.count == numbers.count ? .array(.int32(all)) : .string(text)
        }
    }
}
