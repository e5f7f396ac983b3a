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

    /// Lists what is in the folder, whatever it is, and removes a model with all its parts.
    @Test func modelsAreListedAndRemoved() throws {
        struct Entry: Decodable {
            var name: String
            var architecture, obstacle: String?
        }
        let cache = FileManager.default.temporaryDirectory.appending(path: "weft-list-\(UUID().uuidString)")
        let folder = cache.appending(path: "models")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: cache) }
        func weft(_ arguments: String...) throws -> CommandResult {
            try CommandResult.of("WEFT_CACHE=\(cache.path)", [ServedProcess.binary()] + arguments)
        }
        #expect(try weft("list").output.contains("no models in"))
        #expect(try weft("models", "generate", folder.appending(path: "tiny.gguf").path).status == 0)
        for name in ["big-00001-of-00002.gguf", "big-00002-of-00002.gguf", "notes.txt"] {
            try Data().write(to: folder.appending(path: name))
        }
        let list = try weft("list", "--json")
        let entries = try JSONDecoder().decode([Entry].self, from: Data(list.output.utf8))
        #expect(entries.map(\.name) == ["big", "tiny"] && entries.map(\.architecture) == [nil, "llama"])
        #expect(entries[0].obstacle != nil && entries[1].obstacle == nil)
        #expect(try weft("list").output.contains("tiny  llama, "))

        // Nothing goes where not all are there, nor anything outside of the folder.
        #expect(try weft("remove", "tiny", "nobody").status != 0)
        #expect(try weft("remove", "../models/tiny").status != 0)
        #expect(try weft("remove", "big").status == 0)
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        #expect(left == ["notes.txt", "tiny.gguf"])
    }

    @Test func configurationsAreChecked() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "weft-config-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func check(_ text: String) throws -> CommandResult {
            let path = folder.appending(path: "a.yaml").path
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            return try CommandResult.of(ServedProcess.binary(), ["config", "check", path])
        }
        let model = "models: [{name: a, path: smollm2-135m-q4_1.gguf}]\ndevice: opencl\n"
        let right = try check(model)
        #expect(right.status == 0 && right.output.contains("is right: 1 models on 1 units"), "\(right.output)")
        let wrong = try check(
            "models: [{name: a, path: nobody.gguf}]\ndevice: opencl:99\nhost: 0.0.0.0\ntls: {certificate: c, key: k}\n")
        for fault in ["access: ", "unit unit0: device: ", "model a: "] {
            #expect(wrong.output.contains(fault), "\(wrong.output)")
        }
        #expect(wrong.status != 0)
        let keys = try check(model + "keys: keys.yaml\n")
        #expect(keys.status != 0 && keys.output.contains("keys.yaml"), "\(keys.output)")
        #expect(try check("models: 5").status != 0)
    }
}
