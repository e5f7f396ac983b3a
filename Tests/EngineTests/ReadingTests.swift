import Engine
import Foundation
import GGUF
import Quantities
import Testing
import Transformer

/// Models that read: encoders beside a model that generates, and decoders whose rows are pooled.
@Suite(.serialized)
struct ReadingTests {
    private static func text(_ index: Int, length: Int) -> [Int32] {
        (0..<length).map { Int32(($0 * 31 + index * 17) % TinyService.vocabulary) }
    }

    private func service(_ families: [String], poolMegabytes: Int = 4) async throws -> TinyService {
        let service = try await TinyService(models: [("a", 32)], poolMegabytes: poolMegabytes, device: "opencl")
        for name in families { _ = try await service.fleet.load(service.write(family: name), unit: nil) }
        return service
    }

    /// Texts that come together share passes, beside sequences that generate; each has the vector that it has alone.
    @Test(arguments: ["bert", "nomic-bert", "gemma-embedding", "qwen3-embedding", "bert-rank", "qwen3-rank"])
    func textsTogetherAreWhatTheyAreAlone(_ name: String) async throws {
        let service = try await service([name])
        let texts = (0..<24).map { Self.text($0, length: 1 + 5 * $0 % 32) }
        var alone: [[Float]] = []
        for text in texts { alone.append(try await service.vector(of: name, text)) }
        #expect(Set(alone).count == texts.count)
        let expected = try await service.tokens(of: "a", after: [1, 2, 3], count: 30)
        let together = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for (index, text) in texts.enumerated() {
                group.addTask { (index, try await service.vector(of: name, text)) }
            }
            group.addTask { (-1, try await service.tokens(of: "a", after: [1, 2, 3], count: 30).map { Float($0) }) }
            return try await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
        }
        #expect(together[-1] == expected.map { Float($0) })
        for index in texts.indices { #expect(together[index] == alone[index], "text \(index)") }
        let isRanker = name.hasSuffix("-rank")
        #expect(alone.allSatisfy { $0.count == (isRanker ? 1 : 32) })
        if !isRanker {
            #expect(alone.allSatisfy { abs($0.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5 })
        }
        let counters = try #require(await service.status?.models.first { $0.name == name }?.counters)
        #expect(counters.requests == 48 && counters.finished == ["stop": 48] && counters.generatedTokens == 0)
        try await service.expectEmptyPool()
    }

    /// An encoder takes no page and no quota from those that need them.
    @Test func anEncoderHoldsNothing() async throws {
        let service = try await service(["bert"], poolMegabytes: 1)
        let models = try #require(await service.status?.models)
        #expect(models.map(\.quota) == [64, 0])
        let embedding = try await service.fleet.embed(
            EmbeddingRequest(model: "bert", prompt: Self.text(1, length: 20)))
        #expect(embedding.promptTokens == 20 && embedding.cachedTokens == 0)
        #expect(await service.status?.pool.cached == 0)
        try await service.expectEmptyPool()
    }

    /// Rows of a decoder come in chunks, and in passes with those of others.
    @Test(arguments: [1, 2, 3])
    func chunksArePooledAsOnePass(_ pooling: UInt32) async throws {
        let service = try await service([], poolMegabytes: 8)
        let text = Self.text(3, length: 200)
        var vectors: [[Float]] = []
        for chunk in [16, 256] {
            var model = try service.write(family: "qwen3-embedding", as: "chunk-\(chunk)") {
                $0["qwen3.pooling_type"] = .uint32(pooling)
            }
            // 128 tokens a page.
            (model.chunk, model.kvType) = (chunk, .f32)
            _ = try await service.fleet.load(model, unit: nil)
            vectors.append(try await service.vector(of: model.name, text))
            // The last row alone lets the ones before it be another's.
            let again = try await service.fleet.embed(EmbeddingRequest(model: model.name, prompt: text))
            #expect(again.vector == vectors.last)
            #expect(again.cachedTokens == (pooling == 3 ? 128 : 0))
        }
        #expect(vectors[0] == vectors[1])
        try await service.expectEmptyPool()
    }

    @Test func textsThatAreTooLongAreRefused() async throws {
        let service = try await service(["bert"])
        #expect(await service.fleet.models.first { $0.name == "bert" }?.contextLength == 32)
        _ = try await service.vector(of: "bert", Self.text(1, length: 32))
        let error = await #expect(throws: EngineError.self) {
            try await service.vector(of: "bert", Self.text(1, length: 33))
        }
        guard case .textTooLong(model: "bert", tokens: 33, limit: 32) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // A context that is asked for is room in a pass, as far as the file goes.
        var longer = try service.write(family: "bert", as: "longer")
        longer.context = 1000
        let served = try await service.fleet.load(longer, unit: nil)
        #expect(served.contextLength == 256)
        _ = try await service.vector(of: "longer", Self.text(1, length: 256))
        try await service.expectEmptyPool()
    }

    @Test func modelsAreAskedForWhatTheyAreFor() async throws {
        let service = try await service(["bert", "bert-rank"])
        let purposes = await service.fleet.models.map(\.purpose)
        #expect(purposes == [.generation, .embedding(dimensions: 32), .ranking])
        for (name, purpose) in [("bert", ModelPurpose.embedding(dimensions: 32)), ("bert-rank", .ranking)] {
            let error = await #expect(throws: EngineError.self) {
                try await service.tokens(of: name, after: [1], count: 1)
            }
            guard case .unsuitable(name, purpose) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        let error = await #expect(throws: EngineError.self) { try await service.vector(of: "a", [1]) }
        guard case .unsuitable("a", .generation) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await #expect(throws: EngineError.self) { try await service.vector(of: "bert", []) }
        await #expect(throws: EngineError.self) { try await service.vector(of: "bert", [288]) }
        await #expect(throws: EngineError.self) { try await service.vector(of: "none", [1]) }
        try await service.expectEmptyPool()
    }

    /// Whoever stops waiting frees the sequence; those who wait get theirs.
    @Test func textsOfThoseWhoHaveGoneAreNotRead() async throws {
        let service = try await service(["bert"])
        let expected = try await service.vector(of: "bert", Self.text(0, length: 30))
        let gone = (0..<40).map { index in
            Task { try await service.vector(of: "bert", Self.text(index, length: 30)) }
        }
        for task in gone { task.cancel() }
        var cancelled = 0
        for task in gone {
            do { _ = try await task.value } catch EngineError.cancelled { cancelled += 1 }
        }
        #expect(cancelled > 0)
        #expect(try await service.vector(of: "bert", Self.text(0, length: 30)) == expected)
        #expect(await service.status?.models.last?.waiting == 0)
        try await service.expectEmptyPool()
    }

    @Test func unloadingBreaksTextsOff() async throws {
        let service = try await service(["bert"])
        let reading = (0..<64).map { index in
            Task { try await service.vector(of: "bert", Self.text(index, length: 30)) }
        }
        while await service.status?.models.last?.counters.requests == 0 { await Task.yield() }
        try await service.fleet.unload("bert", patience: .zero)
        for task in reading {
            do { _ = try await task.value } catch EngineError.unavailable, EngineError.modelNotFound {}
        }
        try await service.expectEmptyPool()
    }
}
