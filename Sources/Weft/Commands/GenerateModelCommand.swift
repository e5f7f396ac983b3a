import ArgumentParser
import Foundation
import GGUF
import Quantities

/// `weft models generate`: a model of any shape, for comparisons between models that differ.
struct GenerateModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Write a Llama model of any shape with random weights.",
        discussion: """
            Its text says nothing. Equal options give equal files. OUT appears only when it is complete. Without --shape \
            a small model is written: 4 layers, an embedding of 256, 8 query heads and 4 of keys and values, of 32 each.
            """)

    @Argument(help: "The GGUF file to write.")
    var output: String

    @Option(
        help: "The sizes of a known model: \(LlamaShape.known.map { $0.name.lowercased() }.joined(separator: ", ")).")
    var shape: String?

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
        if tokenizer != nil, vocabulary != nil {
            throw ValidationError("--tokenizer and --vocabulary are two ways to say the same")
        }
    }

    func run() throws {
        let source = try tokenizer.map { try GGUFFile(path: Folders.model($0)).metadata }
        var model = shape.flatMap(LlamaShape.init).map { TinyLlama($0) } ?? Self.small
        model.name = URL(filePath: output).deletingPathExtension().lastPathComponent
        model.type = try TensorType(writable: type)
        (model.seed, model.repeatsNumbers) = (seed, repeats)
        func set(_ size: WritableKeyPath<TinyLlama, Int>, _ value: Int?) {
            if let value { model[keyPath: size] = value }
        }
        set(\.layers, layers)
        set(\.embeddingLength, embedding)
        set(\.heads, heads)
        set(\.keyValueHeads, kvHeads)
        set(\.headSize, headSize)
        set(\.feedForwardLength, feedForward)
        set(\.contextLength, context)
        set(\.vocabularySize, try source?.strings("tokenizer.ggml.tokens").count ?? vocabulary)
        try model.write(to: output, tokenizer: source)
    }

    private static let small = {
        var model = TinyLlama()
        (model.layers, model.embeddingLength, model.feedForwardLength) = (4, 256, 768)
        (model.heads, model.keyValueHeads, model.headSize, model.contextLength) = (8, 4, 32, 2048)
        return model
    }()
}
