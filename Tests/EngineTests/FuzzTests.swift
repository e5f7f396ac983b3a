import Engine
import Foundation
import Fuzzing
import GGUF
import Quantities
import Testing
import Tokenization

/// Model files that are nearly right: opened with tokenizer, network and chat template, or refused in a line.
@Suite struct FuzzTests {
    private static let keys = [
        "general.architecture", "general.alignment", "llama.block_count", "llama.context_length",
        "llama.embedding_length", "llama.attention.head_count", "llama.attention.head_count_kv",
        "llama.rope.freq_base", "tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type",
        "tokenizer.ggml.merges", "tokenizer.chat_template", "blk.0.attn_q.weight", "token_embd.weight",
    ]
    /// Numbers that overflow, wrap, or just miss a limit, in four and in eight bytes.
    private static let numbers: [UInt64] = [
        0, 1, 2, 7, 8, 9, 31, 32, 33, 255, 256, 65_535, 65_536, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32,
        1 << 42 + 1, 1 << 59, 1 << 60, 1 << 61 + 1, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 31, .max,
    ]

    /// What stands in front of the weights of good files, and the weights of one. Files mostly are weights, of whose
    /// damage no harm comes.
    private static func heads(in folder: String) throws -> (Mutator, weights: Data) {
        var (corpus, weights): ([[UInt8]], Data) = ([], Data())
        for type in [TensorType.f16, .q4_0] {
            var model = TinyLlama()
            (model.layers, model.embeddingLength, model.heads, model.keyValueHeads) = (1, 32, 1, 1)
            (model.feedForwardLength, model.vocabularySize, model.type) = (32, 262, type)
            try model.write(to: "\(folder)/\(type).gguf")
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(type).gguf"))
            let count = try GGUFFile(path: "\(folder)/\(type).gguf").tensors.reduce(0) { $0 + $1.byteCount }
            corpus.append(Array(bytes.dropLast(count)))
            if type == .f16 { weights = bytes.suffix(count) }
        }
        let words = numbers.flatMap { number in
            [withUnsafeBytes(of: number.littleEndian) { Array($0) }]
                + [withUnsafeBytes(of: UInt32(truncatingIfNeeded: number).littleEndian) { Array($0) }]
        }
        return (Mutator(corpus: corpus, words: words + keys.map { Array($0.utf8) }), weights)
    }

    @Test func `Mutated model files do no harm`() throws {
        let folder = NSTemporaryDirectory() + "weft-fuzz-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (mutator, weights) = try Self.heads(in: folder)
        let path = "\(folder)/mutant.gguf"
        let taken = try Fuzzing("models", count: 1500).run { random in
            let head = Data(mutator.bytes(&random))
            try (random.integer(in: 0...7) == 0 ? head : head + weights).write(to: URL(fileURLWithPath: path))
            do {
                let file = try ModelFile(path: path)
                _ = file.tokenizer.encode("A text, é🚀.", parsesSpecial: true, addsSpecial: true)
                return true
            } catch {
                #expect("\(error)".split(separator: "\n").count == 1, "\(error)")
                return false
            }
        }
        #expect(taken > 0)
    }
}
