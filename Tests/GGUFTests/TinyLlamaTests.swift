import GGUF
import Testing

@Suite("Generated models")
struct TinyLlamaTests {
    @Test("Every head size, grouping and weight type", arguments: [32, 64, 80, 96, 128, 256], TensorType.encodable)
    func shapes(headSize: Int, type: TensorType) throws {
        let folder = try TemporaryFolder()
        var model = TinyLlama()
        model.layers = 1
        model.headSize = headSize
        // Rows of whole blocks.
        model.heads = type.blockSize == 256 ? 16 : 6
        model.embeddingLength = type.blockSize == 256 ? 256 : 64
        model.feedForwardLength = type.blockSize == 256 ? 256 : 128
        model.keyValueHeads = 2
        model.type = type
        model.isTied = headSize == 64
        try model.write(to: folder.path("model"))
        let file = try GGUFFile(path: folder.path("model"))

        #expect(try file.metadata.string("general.architecture") == "llama")
        #expect(try file.metadata.integer("general.file_type") == Int(type.fileType))
        #expect(try file.metadata.integer("llama.attention.key_length") == headSize)
        #expect(try file.metadata.integer("llama.attention.head_count_kv") == 2)
        let (width, queries) = (model.embeddingLength, model.heads * headSize)
        #expect(try file.tensor("blk.0.attn_q.weight").shape == [width, queries])
        #expect(try file.tensor("blk.0.attn_v.weight").shape == [width, 2 * headSize])
        #expect(try file.tensor("blk.0.attn_output.weight").shape == [queries, width])
        #expect((file.tensorIfPresent("output.weight") == nil) == model.isTied)
        for tensor in file.tensors where tensor.shape.count > 1 {
            #expect(tensor.type == type)
            let values = try tensor.floats()
            let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
            #expect(abs(variance * Float(tensor.shape[0]) - 1) < 0.1, "\(tensor.name)")
        }
    }

    @Test("The seed decides every byte")
    func seeds() throws {
        let folder = try TemporaryFolder()
        var model = TinyLlama()
        for (name, seed) in [("a", 5), ("b", 5), ("c", 6)] as [(String, UInt64)] {
            model.seed = seed
            try model.write(to: folder.path(name))
        }
        #expect(try contents(of: folder.path("a")) == contents(of: folder.path("b")))
        #expect(try contents(of: folder.path("a")) != contents(of: folder.path("c")))
    }

    /// As large and as wide as others, and with few numbers of its own.
    @Test("Numbers can repeat", arguments: [TensorType.f16, .q8_0, .q4_k])
    func repeatedNumbers(type: TensorType) throws {
        let folder = try TemporaryFolder()
        var model = TinyLlama()
        (model.layers, model.embeddingLength, model.feedForwardLength) = (2, 256, 512)
        (model.heads, model.headSize, model.type, model.isTied) = (8, 32, type, false)
        model.vocabularySize = 20_000
        try model.write(to: folder.path("plain"))
        model.repeatsNumbers = true
        for name in ["a", "b"] { try model.write(to: folder.path(name)) }
        #expect(try contents(of: folder.path("a")) == contents(of: folder.path("b")))
        let (plain, file) = (try GGUFFile(path: folder.path("plain")), try GGUFFile(path: folder.path("a")))
        #expect(file.tensors.map(\.name) == plain.tensors.map(\.name))
        for tensor in file.tensors {
            let values = try tensor.floats()
            let width = tensor.shape[0]
            if tensor.shape.count == 1 { continue }
            let variance = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
            #expect(abs(variance * Float(width) - 1) < 0.1, "\(tensor.name)")
            #expect(Set(values.prefix(4 * width)).count > 8 && values[..<width] != values[width..<2 * width])
        }
        let (gate, up) = (try file.tensor("blk.0.ffn_gate.weight"), try file.tensor("blk.1.ffn_gate.weight"))
        #expect(try gate.floats() != up.floats())
    }

    @Test("The vocabulary is a byte-level BPE", arguments: [259, 262, 280, 1000])
    func vocabulary(size: Int) throws {
        let folder = try TemporaryFolder()
        var model = TinyLlama()
        model.vocabularySize = size
        try model.write(to: folder.path("model"))
        let metadata = try GGUFFile(path: folder.path("model")).metadata
        let tokens = try metadata.strings("tokenizer.ggml.tokens")
        let merges = try metadata.strings("tokenizer.ggml.merges")
        #expect(tokens.count == size)
        #expect(Set(tokens).count == size)
        #expect(try metadata.integers("tokenizer.ggml.token_type").prefix(4) == [3, 3, 3, 1])
        #expect(tokens.filter { $0.unicodeScalars.count == 1 }.count == 256)
        #expect(
            tokens[3 + 0x20] == "Ġ" && tokens[3 + 0x0a] == "Ċ" && tokens[3 + 0x41] == "A" && tokens[3 + 0xad] == "Ń")
        #expect(merges.count == min(21, size - 259))
        for merge in merges {
            let parts = merge.split(separator: " ").map(String.init)
            #expect(parts.count == 2 && parts.allSatisfy(tokens.contains) && tokens.contains(parts.joined()))
        }
        #expect(tokens[try metadata.integer("tokenizer.ggml.eos_token_id")] == "<|im_end|>")
        #expect(try metadata.string("tokenizer.chat_template").contains("<|im_start|>assistant\\n"))
    }

    @Test("The tokenizer of another model")
    func foreignTokenizer() throws {
        let folder = try TemporaryFolder()
        var source = TinyLlama()
        source.vocabularySize = 300
        try source.write(to: folder.path("source"))
        var tokenizer = try GGUFFile(path: folder.path("source")).metadata
        tokenizer["tokenizer.chat_template"] = .string("its own")
        var model = TinyLlama()
        model.layers = 1
        model.vocabularySize = 300
        try model.write(to: folder.path("model"), tokenizer: tokenizer)
        let metadata = try GGUFFile(path: folder.path("model")).metadata
        #expect(try metadata.string("tokenizer.chat_template") == "its own")
        #expect(try metadata.strings("tokenizer.ggml.tokens") == tokenizer.strings("tokenizer.ggml.tokens"))
        #expect(try metadata.integer("llama.block_count") == 1)

        model.vocabularySize = 301
        let error = try #require(throws: GGUFError.self) {
            try model.write(to: folder.path("other"), tokenizer: tokenizer)
        }
        #expect(error.code == .invalidLayout && error.description.contains("300 tokens"))
    }

    @Test("Shapes that no Llama can have")
    func refused() throws {
        let folder = try TemporaryFolder()
        let faults: [@Sendable (inout TinyLlama) -> Void] = [
            { $0.headSize = 48 }, { $0.layers = 0 },
            {
                $0.heads = 3; $0.keyValueHeads = 2
            },
            { $0.vocabularySize = 258 }, { $0.contextLength = -1 }, { $0.embeddingLength = 1 << 30 },
        ]
        for fault in faults {
            var model = TinyLlama()
            fault(&model)
            let error = try #require(throws: GGUFError.self) { try model.write(to: folder.path("model")) }
            #expect(error.code == .invalidLayout)
        }
        var model = TinyLlama()
        model.embeddingLength = 40
        model.type = .q4_0
        let error = try #require(throws: GGUFError.self) { try model.write(to: folder.path("model")) }
        #expect(error.code == .raggedRow)
        #expect(try folder.files() == [])
    }
}
