import Engine
import Foundation
import GGUF
import Quantities
import TestDevices
import Testing

struct ModelSummaryTests {
    private let path = NSTemporaryDirectory() + "weft-summary-\(UUID().uuidString).gguf"

    private func file(_ tiny: TinyLlama, _ change: (inout GGUFMetadata) -> Void = { _ in }) throws -> GGUFFile {
        try tiny.write(to: path)
        var file = try GGUFFile(path: path)
        var metadata = file.metadata
        change(&metadata)
        guard metadata != file.metadata else { return file }
        var writer = try GGUFWriter(path: path, metadata: metadata, tensors: file.tensors.map(\.layout))
        for tensor in file.tensors {
            let bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            try writer.write(bytes.span.bytes)
        }
        try writer.finish()
        file = try GGUFFile(path: path)
        return file
    }

    @Test func aModelThatRuns() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        var tiny = TinyLlama()
        (tiny.layers, tiny.heads, tiny.keyValueHeads, tiny.headSize, tiny.type) = (3, 4, 2, 64, .q8_0)
        let file = try file(tiny)
        let summary = try ModelSummary(file)
        #expect(summary.obstacle == nil)
        #expect(summary.architecture == "llama" && summary.name == "tiny-llama")
        #expect(summary.layers == 3 && summary.heads == .same(4) && summary.kvHeads == .same(2))
        #expect(summary.headSize == 64 && summary.embeddingLength == 64 && summary.contextLength == 512)
        #expect(summary.vocabularySize == 288)
        // 288 embeddings, and in each layer queries, keys, values, output, three matrices of 128, two norms; one norm.
        #expect(summary.parameters == 64 * (288 + 3 * (256 + 128 + 128 + 256 + 3 * 128 + 2) + 1))
        #expect(summary.types.map(\.type) == ["Q8_0", "F32"])
        #expect(summary.types.map(\.tensors) == [22, 7])
        #expect(summary.types.reduce(0) { $0 + $1.bytes } == file.tensors.reduce(0) { $0 + $1.byteCount })

        let memory = ModelMemory(file, summary, kvType: .f16)
        #expect(memory.kvBytesPerToken == 3 * 2 * 64 * 2 * 2)
        // A page is 64 tokens of a head, a block six pages; 100 tokens take two blocks.
        let pool = try #require(memory.pool(bytes: 16_384 * 6 * 5 + 1, context: 100))
        #expect((pool.sequences, pool.tokens) == (2, 320))
        #expect(try #require(memory.pool(bytes: 16_384, context: 100)).sequences == 0)
    }

    @Test func aModelThatDoesNot() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try file(TinyLlama()) {
            $0["general.architecture"] = .string("mamba-of-some-kind")
            $0["mamba-of-some-kind.block_count"] = .uint32(4)
            $0["mamba-of-some-kind.nextn_predict_layers"] = .uint32(1)
            $0["mamba-of-some-kind.attention.head_count"] = .uint32(8)
            $0["mamba-of-some-kind.attention.head_count_kv"] = .array(.int32([0, 2, 0, 2]))
            $0["mamba-of-some-kind.attention.key_length"] = .uint32(32)
            $0["tokenizer.chat_template"] = .string("{% if %}")
            $0["tokenizer.chat_template.rerank"] = .string("x")
        }
        let summary = try ModelSummary(file)
        #expect(summary.obstacle?.contains("'mamba-of-some-kind' is not supported") == true)
        #expect(summary.layers == 3 && summary.heads == .same(8) && summary.kvHeads == .each([0, 2, 0, 2]))
        #expect(summary.contextLength == nil && summary.chatTemplate == nil)
        #expect(summary.chatTemplateFault?.contains("does not parse") == true)
        #expect(summary.otherChatTemplates == ["rerank"])
        let memory = ModelMemory(file, summary, kvType: .f32)
        // Of the three layers that are run one keeps keys and values.
        #expect(memory.kvBytesPerToken == 2 * 32 * 2 * 4)
        #expect(memory.pool(bytes: 512 * 1000, context: 300)?.sequences == 3)
    }

    @Test("Fault 5: numbers that no model has are left out")
    func numbersThatNoModelHasAreLeftOut() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try file(TinyLlama()) {
            $0["llama.block_count"] = .uint64(.max)
            $0["llama.attention.head_count_kv"] = .array(.int64([1 << 62, 1]))
            $0["llama.context_length"] = .int32(-1)
            $0["llama.attention.head_count"] = .string("many")
            $0["tokenizer.ggml.bos_token_id"] = .uint32(1_000_000)
        }
        let summary = try ModelSummary(file)
        #expect(summary.obstacle != nil)
        #expect(summary.layers == nil && summary.heads == nil && summary.kvHeads == nil)
        #expect(summary.contextLength == nil)
        #expect(ModelMemory(file, summary, kvType: .f16).kvBytesPerToken == nil)
    }

    /// Three layers of four keep a page of convolved rows and one of matrices; the fourth has four blocks of 64 tokens.
    @Test func whatStatesTake() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = try GGUFFile(path: folder.appending(path: "TransformerTests/Resources/families/qwen35.gguf").path)
        let memory = ModelMemory(file, try ModelSummary(file), kvType: .f16)
        #expect(memory.stateBytes == 6 * 16_384 && memory.kvBytesPerToken == 256)
        let pool = try #require(memory.pool(bytes: 32 * 16_384, context: 256))
        #expect(pool.sequences == 3 && pool.tokens == 32 * 256 / 10)
    }

    @Test func whereItFits() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try file(TinyLlama())
        let memory = ModelMemory(file, try ModelSummary(file), kvType: .f16)
        let device = IdleDevice(memoryByteCount: 2048 << 20, availableBytes: 2048 << 20)
        let fits = memory.fit(on: device, pool: 1535 << 20)
        #expect(fits.obstacle == nil && fits.weightBytes > 100_000 && fits.weightBytes < 1 << 20)
        #expect(fits.availableBytes == 2048 << 20)
        #expect(memory.fit(on: device, pool: 1536 << 20).obstacle?.contains("left for weights") == true)
        #expect(memory.fit(on: device, pool: 1537 << 20).obstacle?.contains("does not fit on idle") == true)
    }
}
