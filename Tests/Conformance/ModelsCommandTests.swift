import Foundation
import Testing

/// `weft models show`, and which models a folder has.
@Suite(.serialized)
struct ModelsCommandTests {
    private struct Shown: Decodable {
        struct Model: Decodable {
            struct TypeShare: Decodable { var type: String, tensors: Int }
            struct Chat: Decodable { var system_message, tools, enable_thinking: Bool }
            var architecture, tokenizer: String
            var parameters, layers, heads, kv_heads, head_size, context_length, vocabulary_size: Int
            var types: [TypeShare]
            var chat_template: Chat
            var obstacle: String?
        }
        struct Pool: Decodable { var context, sequences, tokens: Int }
        struct Device: Decodable {
            var device, name: String
            var weight_bytes, available_bytes: Int
            var obstacle: String?
        }
        var model: Model
        var kv_bytes_per_token: Int
        var pool: Pool
        var devices: [Device]
    }

    private func show(_ options: String...) throws -> Shown {
        let result = try CommandResult.of(
            ServedProcess.binary(), ["models", "show", "smollm2-135m-q4_1", "--json"] + options, joinsErrors: false)
        #expect(result.status == 0)
        return try JSONDecoder().decode(Shown.self, from: Data(result.output.utf8))
    }

    @Test func theRealModelIsShown() throws {
        let shown = try show("--context", "1000", "--pool", "\(64 << 20)")
        let model = shown.model
        #expect(model.architecture == "llama" && model.tokenizer == "gpt2 smollm" && model.obstacle == nil)
        #expect((model.layers, model.heads, model.kv_heads, model.head_size) == (30, 9, 3, 64))
        #expect((model.context_length, model.vocabulary_size, model.parameters) == (8192, 49_152, 134_515_008))
        #expect(model.types.first?.type == "Q4_1" && model.types.reduce(0) { $0 + $1.tensors } == 272)
        #expect(model.chat_template.system_message)
        #expect(!model.chat_template.tools && !model.chat_template.enable_thinking)
        // 30 layers, 3 heads, keys and values of 64 halves; a block of 64 tokens has 90 pages, a sequence 16 blocks.
        #expect(shown.kv_bytes_per_token == 23_040)
        #expect((shown.pool.context, shown.pool.sequences, shown.pool.tokens) == (1000, 2, 45 * 64))
        let llvmpipe = try #require(shown.devices.first { $0.name.contains("llvmpipe") })
        #expect(llvmpipe.obstacle == nil && llvmpipe.weight_bytes > 90 << 20 && llvmpipe.weight_bytes < 110 << 20)
    }

    @Test func whatDoesNotFitIsSaid() throws {
        let shown = try show("--pool", "\(1 << 50)", "--context", "100000")
        #expect(shown.pool.context == 8192, "no more than the file has")
        #expect(!shown.devices.isEmpty && shown.devices.allSatisfy { $0.obstacle?.contains("does not fit") == true })
    }

    @Test func aModelInPartsIsOneOfAFolder() throws {
        let cache = FileManager.default.temporaryDirectory.appending(path: "weft-folder-\(UUID().uuidString)")
        let folder = cache.appending(path: "models")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: cache) }
        for name in ["big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "small.gguf"] {
            try Data().write(to: folder.appending(path: name))
        }
        func weft(_ model: String) throws -> CommandResult {
            try CommandResult.of("WEFT_CACHE=\(cache.path)", [ServedProcess.binary(), "models", "show", model])
        }
        let nobody = try weft("nobody")
        #expect(nobody.status != 0 && nobody.output.contains("neither a file nor one of [big, small] in"))
        // It is found by its name alone, and then refused, as it is empty.
        let big = try weft("big")
        #expect(big.status != 0 && big.output.contains("big-00001-of-00002.gguf: the file ends"), "\(big.output)")
    }
}
