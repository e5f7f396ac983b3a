import Engine
import GGUF
import Quantities
import Testing

/// Seven of eight layers read eight tokens; a page holds 16.
struct WindowedModelTests {
    private static let prompt = (0..<400).map { (index: Int) -> Int32 in Int32((index * 31 + index / 9) % 256) }

    private func model(window: TinyLlama.Window?) -> TinyLlama {
        var tiny = TinyLlama()
        (tiny.layers, tiny.headSize, tiny.window) = (8, 128, window)
        return tiny
    }

    private func tokens(poolMegabytes: Int, chunk: Int, window: TinyLlama.Window?) async throws -> [Int32] {
        let service = try await TinyService(
            models: [("a", 32)], poolMegabytes: poolMegabytes, device: "opencl")
        var configuration = try service.write("windowed", model(window: window))
        (configuration.kvType, configuration.chunk) = (.f32, chunk)
        _ = try await service.fleet.load(configuration, unit: nil)
        let tokens = try await service.tokens(of: "windowed", after: Self.prompt, count: 100)
        try await service.expectEmptyPool()
        return tokens
    }

    /// A pool of 64 pages holds a sequence of 500 tokens, which would take 256 in eight layers that keep all. What it
    /// draws is what it draws where a prompt is one pass and nothing of it is left behind.
    @Test func aQuarterOfThePagesSuffices() async throws {
        let window = TinyLlama.Window(tokens: 8, period: 8)
        let small = try await tokens(poolMegabytes: 1, chunk: 32, window: window)
        #expect(small.count == 100)
        #expect(small == (try await tokens(poolMegabytes: 8, chunk: 512, window: window)))
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
