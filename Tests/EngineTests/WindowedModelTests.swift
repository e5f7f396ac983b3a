import Engine
import GGUF
import Quantities
import Testing
import Transformer

/// Seven of eight layers read eight tokens; a page holds 16.
struct WindowedModelTests {
    private static let prompt = (0..<400).map { (index: Int) -> Int32 in Int32((index * 31 + index / 9) % 256) }

    /// A Cohere 2: all but the last of every eight layers read so many tokens only, where `window` says how many.
    private func write(window: UInt32?, _ service: TinyService) throws -> ModelConfiguration {
        var tiny = TinyLlama()
        (tiny.layers, tiny.headSize) = (8, 128)
        let plain = try GGUFFile(path: "\(service.folder)/\(service.write("plain", tiny).path)")
        var model = RandomModel(like: plain)
        for key in plain.metadata.keys where key.hasPrefix("llama.") {
            model.metadata["cohere2.\(key.dropFirst("llama.".count))"] = plain.metadata[key]
            model.metadata[key] = nil
        }
        model.metadata["general.architecture"] = .string("cohere2")
        model.metadata["cohere2.attention.layer_norm_epsilon"] = .float32(1e-5)
        model.metadata["cohere2.attention.sliding_window"] = window.map { .uint32($0) }
        model.metadata["cohere2.attention.sliding_window_pattern"] = .uint32(8)
        try model.write(to: "\(service.folder)/windowed.gguf")
        return ModelConfiguration(name: "windowed", path: "windowed.gguf")
    }

    private func tokens(poolMegabytes: Int, chunk: Int, window: UInt32?) async throws -> [Int32] {
        let service = try await TinyService(
            models: [("a", 32)], poolMegabytes: poolMegabytes, device: "opencl")
        var configuration = try write(window: window, service)
        (configuration.kvType, configuration.chunk) = (.f32, chunk)
        _ = try await service.fleet.load(configuration, unit: nil)
        let tokens = try await service.tokens(of: "windowed", after: Self.prompt, count: 100)
        try await service.expectEmptyPool()
        return tokens
    }

    /// A pool of 64 pages holds a sequence of 500 tokens, which would take 256 in eight layers that keep all. What it
    /// draws is what it draws where a prompt is one pass and nothing of it is left behind.
    @Test func aQuarterOfThePagesSuffices() async throws {
        let small = try await tokens(poolMegabytes: 1, chunk: 32, window: 8)
        #expect(small.count == 100)
        #expect(small == (try await tokens(poolMegabytes: 8, chunk: 512, window: 8)))
        let error = await #expect(throws: EngineError.self) {
            _ = try await tokens(poolMegabytes: 1, chunk: 32, window: nil)
        }
        // Eight blocks of 16 tokens are all that the pool holds then.
        guard case .contextLengthExceeded(_, promptTokens: 400, limit: 128) = error else {
            Issue.record("\(String(describing: error)) is not that the pool is too small")
            return
        }
    }
}
