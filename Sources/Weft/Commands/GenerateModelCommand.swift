import ArgumentParser
import Foundation
import GGUF

/// `weft models generate`: a model of any shape, for comparisons between models that differ.
struct GenerateModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Write a Llama model of any shape with random weights.",
        discussion: "Its text says nothing. Equal options give equal files. OUT appears only when it is complete.")

    @Argument(help: "The GGUF file to write.")
    var output: String

    @Option(help: "The model whose tokenizer and chat template it gets.")
    var tokenizer: String

    @Option(help: "Layers.")
    var layers = 4

    @Option(help: "The length of a token's embedding.")
    var embedding = 256

    @Option(help: "Query heads.")
    var heads = 8

    @Option(help: "Heads of keys and values; divides --heads.")
    var kvHeads = 4

    @Option(help: "32, 64, 80 or 128.")
    var headSize = 32

    @Option(help: "The width of the feed-forward layer.")
    var feedForward = 768

    @Option(help: "The most tokens of prompt and output.")
    var context = 2048

    @Option(help: "f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k or q6_k.")
    var type = "q8_0"

    @Option(help: "Equal seeds give equal weights.")
    var seed: UInt64 = 1

    func run() throws {
        let type = try TensorType(writable: type)
        let source = try GGUFFile(path: Folders.model(tokenizer)).metadata
        var model = TinyLlama()
        model.name = URL(filePath: output).deletingPathExtension().lastPathComponent
        (model.layers, model.embeddingLength, model.heads, model.keyValueHeads) = (layers, embedding, heads, kvHeads)
        (model.headSize, model.feedForwardLength, model.contextLength) = (headSize, feedForward, context)
        (model.type, model.seed) = (type, seed)
        model.vocabularySize = try source.strings("tokenizer.ggml.tokens").count
        try model.write(to: output, tokenizer: source)
    }
}
