import Engine
import Foundation
import GGUF
import Quantities
import Testing

/// Models come and go while others serve.
@Suite(.serialized)
struct LifeCycleTests {
    private func prompt(_ seed: Int) -> [Int32] { (0..<9).map { Int32(($0 * 31 + seed * 17) % 256) } }

    @Test(arguments: ["vulkan:llvmpipe", "opencl"])
    func modelsComeAndGoWhileOthersServe(_ device: String) async throws {
        let service = try await TinyService(device: device)
        let third = try service.write("c", headSize: 32, seed: 9)
        let alone = try await service.tokens(of: "a", after: prompt(1), count: 60)
        var of: [[Int32]] = []
        try await withThrowingTaskGroup(of: [Int32].self) { group in
            for _ in 0..<6 { group.addTask { try await service.tokens(of: "a", after: prompt(1), count: 60) } }
            for _ in 0..<3 {
                let served = try await service.fleet.load(third, unit: nil)
                #expect(served.name == "c")
                of.append(try await service.tokens(of: "c", after: prompt(2), count: 20))
                try await service.fleet.unload("c", patience: .seconds(10))
                await #expect(throws: EngineError.self) {
                    try await service.tokens(of: "c", after: prompt(2), count: 1)
                }
            }
            for try await tokens in group { #expect(tokens == alone) }
        }
        #expect(Set(of).count == 1 && of[0].count == 20)
        #expect(await service.fleet.models.map(\.name) == ["a", "b"])
        try await service.expectEmptyPool()
    }

    /// Requests may end while there is patience, and break off with a clear error when there is none.
    @Test("Fault 23: unloading is patient or not")
    func unloadingIsPatientOrNot() async throws {
        let service = try await TinyService()
        async let patient = service.tokens(of: "a", after: prompt(1), count: 100)
        try await Task.sleep(for: .milliseconds(20))
        try await service.fleet.unload("a", patience: .seconds(30))
        #expect(try await patient.count == 100)

        let cut = Task { try await service.tokens(of: "b", after: prompt(1), count: 5000) }
        try await Task.sleep(for: .milliseconds(50))
        try await service.fleet.unload("b", patience: .zero)
        await #expect(throws: EngineError.self) { _ = try await cut.value }
        await #expect(throws: EngineError.self) { try await service.fleet.unload("b", patience: .zero) }
        #expect(await service.fleet.models.isEmpty)
        try await service.expectEmptyPool()
    }

    /// Where memory lacks, idle models make room, the least recently used first; pinned ones stay, and what lacks is
    /// said.
    @Test func idleModelsMakeRoomUnlessPinned() async throws {
        let service = try await TinyService(models: [("a", 32), ("b", 32)]) { configuration in
            configuration.weightsMegabytes = 1
            configuration.models[0].pinned = true
        }
        let bytes = try #require(await service.status?.models.map(\.weightBytes).reduce(0, +))
        try #require(bytes < 1 << 20, "two models fit")
        var names = ["c", "d", "e", "f", "g", "h", "i", "j"]
        for name in names {
            _ = try await service.fleet.load(try service.write(name, headSize: 32, seed: 4), unit: nil)
        }
        let left = await service.fleet.models.map(\.name)
        #expect(left.contains("a") && !left.contains("b"), "left: \(left)")
        #expect(left.last == "j")
        names = left

        var large = try service.write("large", headSize: 128, seed: 5)
        large.pinned = true
        await #expect {
            _ = try await service.fleet.load(large, unit: nil)
        } throws: {
            "\($0)".contains("out of memory, asked for")
        }
        #expect(await service.fleet.models.map(\.name).contains("a"))
        try await service.expectEmptyPool()
    }

    /// What is wrong with the weights shows when they are packed; what has to go for them goes afterwards.
    @Test("Fault 23: a file that turns out broken costs no model")
    func aFileThatTurnsOutBrokenCostsNoModel() async throws {
        let service = try await TinyService(models: [("a", 32), ("b", 32)]) { configuration in
            configuration.weightsMegabytes = 1
            for index in configuration.models.indices { configuration.models[index].pinned = true }
        }
        var tiny = TinyLlama()
        tiny.headSize = 32
        tiny.type = .q4_0
        // Until one of its own kind has to go: there is no room for one more.
        var next = 0
        repeat {
            _ = try await service.fleet.load(try service.write("c\(next)", tiny), unit: nil)
            next += 1
            try #require(next < 100)
        } while await service.fleet.models.contains { $0.name == "c0" }
        let before = await service.fleet.models.map(\.name)

        var broken = try service.write("broken", tiny)
        try service.damage("broken")
        await #expect {
            _ = try await service.fleet.load(broken, unit: nil)
        } throws: {
            "\($0)".contains("scale out of range")
        }
        #expect(await service.fleet.models.map(\.name) == before)
        broken = try service.write("whole", tiny)
        _ = try await service.fleet.load(broken, unit: nil)
        let after = await service.fleet.models.map(\.name)
        #expect(after.count == before.count && Set(after).subtracting(before) == ["whole"])
        try await service.expectEmptyPool()
    }

    @Test func badModelsAreRefusedAndTheOthersGoOn() async throws {
        let service = try await TinyService()
        var missing = ModelConfiguration(name: "c", path: "missing.gguf")
        await #expect(throws: ConfigurationError.self) { _ = try await service.fleet.load(missing, unit: nil) }
        missing.name = "a"
        await #expect(throws: ConfigurationError.self) { _ = try await service.fleet.load(missing, unit: nil) }
        var greedy = try service.write("c", headSize: 32, seed: 9)
        greedy.maxSequences = 1024
        await #expect {
            _ = try await service.fleet.load(greedy, unit: nil)
        } throws: {
            "\($0)".contains("max_sequences")
        }
        #expect(try await service.tokens(of: "b", after: prompt(3), count: 5).count == 5)
        try await service.expectEmptyPool()
    }

    @Test func statusCountsWhatWasDone() async throws {
        let service = try await TinyService()
        _ = try await service.tokens(of: "a", after: prompt(1), count: 30)
        let status = try #require(await service.status)
        let model = try #require(status.models.first)
        #expect(model.name == "a" && model.counters.requests == 1 && model.counters.generatedTokens == 30)
        #expect(model.counters.promptTokens == 9 && model.counters.finished == ["length": 1])
        #expect(model.counters.pageSeconds > 0)
        let times = model.counters.times
        #expect([times.firstToken, times.whole, times.queue, times.prefill, times.decode].allSatisfy { $0.count == 1 })
        #expect(times.interToken.count == 29 && times.passTokens.count == 30 && times.passTokens.sum == 38)
        // The parts are the whole.
        #expect(abs(times.queue.sum + times.prefill.sum - times.firstToken.sum) < 1e-6)
        #expect(abs(times.interToken.sum - times.decode.sum) < 1e-6 && times.whole.sum >= times.decode.sum)
        #expect(status.models[1].counters.pageSeconds == 0)
        #expect(status.lanes.map(\.passes).reduce(0, +) >= 30)
        #expect(status.pool.held == 0 && status.pool.pages == status.pool.free + status.pool.cached)
        #expect(status.partitioning == "instances" && status.lanes.map(\.units) == [nil, 1, 1])
        #expect(status.lanes[0].isolation == nil)
        for lane in status.lanes[1...] { #expect(lane.isolation.map { $0 > 0 && $0 <= 1 } == true) }
        try await service.expectEmptyPool()
    }
}
