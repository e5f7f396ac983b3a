import Compute
import Engine
import Foundation
import Scheduling
import TestDevices
import Testing

/// Faults by the numbers of `docs/robustness.md` that no other test has: of clients, loads and devices.
@Suite(.serialized)
struct FaultTests {
    private let prompt: [Int32] = (0..<9).map { $0 * 31 % 256 }

    private func service(
        _ fault: FaultyDevice.Fault, change: @escaping (inout UnitConfiguration) -> Void = { _ in }
    ) async throws -> TinyService {
        try await TinyService(
            device: "opencl",
            change: { unit in
                // All passes run on the whole device.
                unit.policy = .temporal
                change(&unit)
            }
        ) { FaultyDevice($0, fault: fault) }
    }

    private func request(_ model: String, count: Int) -> GenerationRequest {
        var request = GenerationRequest(model: model, prompt: prompt)
        request.maxTokens = count
        request.ignoresEndOfText = true
        return request
    }

    @Test(
        "Fault 19: clients that leave while they wait, in their prompt, or in their last step leave nothing",
        arguments: [0, 1, 2])
    func leaving(when: Int) async throws {
        let fault = FaultyDevice.Fault()
        let service = try await service(fault)
        let expected = try await service.tokens(of: "b", after: prompt, count: 8)
        if when < 2 { fault.hold("whole") }
        let first = try await service.fleet.generate(request("a", count: 1))
        while when < 2, !fault.isHolding { await Task.yield() }
        let leaving = Task { [service] in
            // While the first one's prompt is computed this one waits for pages.
            for try await _ in when == 0 ? try await service.fleet.generate(request("a", count: 4)) : first {}
        }
        if when == 2 {
            // It may have its last token by the time it leaves: that is the race.
            fault.hold("whole")
        }
        try await Task.sleep(for: .milliseconds(20))
        leaving.cancel()
        _ = try? await leaving.value
        fault.release()
        if when == 0 { for try await _ in first {} }
        #expect(try await service.tokens(of: "b", after: prompt, count: 8) == expected)
        try await service.expectEmptyPool()
    }

    @Test("Faults 23, 24: a model whose buffers or kernels cannot be made costs no other", arguments: [0, 1, 3, 9])
    func failedLoads(after count: Int) async throws {
        let fault = FaultyDevice.Fault()
        let service = try await service(fault)
        let expected = try await service.tokens(of: "a", after: prompt, count: 12)
        let model = try service.write("c", headSize: 128, seed: 9)
        for kernels in [false, true] {
            let serving = Task { try await service.tokens(of: "a", after: prompt, count: 12) }
            fault.allow(buffers: kernels ? nil : count, kernels: kernels ? 0 : nil)
            await #expect(throws: ComputeError.self) { _ = try await service.fleet.load(model, unit: nil) }
            fault.allow()
            #expect(try await serving.value == expected)
            #expect(await service.fleet.models.map(\.name) == ["a", "b"])
        }
        _ = try await service.fleet.load(model, unit: nil)
        #expect(try await service.tokens(of: "c", after: prompt, count: 3).count == 3)
        try await service.expectEmptyPool()
    }

    @Test("Fault 23: two loads that race for memory or for a name: one has it, the other is told")
    func racingLoads() async throws {
        let service = try await TinyService(models: [("a", 32)], device: "opencl") { unit in
            unit.weightsMegabytes = 4
            unit.models[0].pinned = true
        }
        var first = try service.write("c", headSize: 64, seed: 3)
        first.pinned = true
        var second = first
        second.context = 64
        let loads = [first, second].map { model in
            Task { () -> Bool in
                do { _ = try await service.fleet.load(model, unit: nil) } catch is ConfigurationError { return false }
                return true
            }
        }
        var loaded = 0
        for load in loads where try await load.value { loaded += 1 }
        #expect(loaded == 1, "of one name")
        // There is room for some, each as large as the last.
        let weights = try #require(await service.status).models.map(\.weightBytes)
        let room = ((4 << 20) - weights.reduce(0, +)) / (try #require(weights.last))
        let more = try (0..<room + 3).map { number in
            var model = try service.write("m\(number)", headSize: 64, seed: UInt64(number))
            (model.pinned, model.maxSequences) = (true, 4)
            return model
        }
        let racing = more.map { model in
            Task { () -> Bool in
                do { _ = try await service.fleet.load(model, unit: nil) } catch is ComputeError { return false }
                return true
            }
        }
        loaded = 0
        for load in racing where try await load.value { loaded += 1 }
        let status = try #require(await service.status)
        #expect(loaded > 0 && loaded <= room, "\(loaded) of \(room)")
        #expect(status.models.count == loaded + 2)
        #expect(status.models.reduce(0) { $0 + $1.weightBytes } <= 4 << 20)
        #expect(try await service.tokens(of: "c", after: prompt, count: 3).count == 3)
        try await service.expectEmptyPool()
    }

    @Test("Fault 23: a load that hangs holds up nobody who is served")
    func hangingLoad() async throws {
        let fault = FaultyDevice.Fault()
        let service = try await service(fault)
        let expected = try await service.tokens(of: "a", after: prompt, count: 12)
        fault.hold("compiling")
        let model = try service.write("c", headSize: 32, seed: 9)
        let load = Task { try await service.fleet.load(model, unit: nil) }
        while !fault.isHolding { await Task.yield() }
        #expect(try await service.tokens(of: "a", after: prompt, count: 12) == expected)
        fault.release()
        #expect(try await load.value.name == "c")
        try await service.expectEmptyPool()
    }

    @Test("Fault 24: a load at which the device hangs is given up, and the unit is built anew")
    func loadThatNeverEnds() async throws {
        let fault = FaultyDevice.Fault()
        // A step of a load has sixty times as long.
        let service = try await service(fault) { $0.watchdog = 0.4 }
        fault.hold("compiling")
        let model = try service.write("c", headSize: 32, seed: 9)
        await #expect {
            try await service.fleet.load(model, unit: nil)
        } throws: { error in
            if case EngineError.unitFailed("unit0", "c", let reason) = error {
                reason.contains("a load has not got on")
            } else {
                false
            }
        }
        fault.release()
        for _ in 0..<1200 where await !service.fleet.isReady { try await Task.sleep(for: .milliseconds(25)) }
        #expect(await service.status?.rebuilds == 1)
        #expect(try await service.tokens(of: "a", after: prompt, count: 5).count == 5)
        try await service.expectEmptyPool()
    }

    @Test(
        "Fault 24: whatever a submission fails of, the unit is built anew and streams go on",
        arguments: FaultyDevice.Fault.Kind.allCases)
    func failedSubmissions(kind: FaultyDevice.Fault.Kind) async throws {
        let fault = FaultyDevice.Fault()
        let service = try await service(fault)
        let expected = try await service.tokens(of: "a", after: prompt, count: 12)
        fault.set(count: 1, lane: "whole", kind: kind)
        #expect(try await service.tokens(of: "a", after: prompt, count: 12) == expected)
        #expect(await service.status?.rebuilds == 1)
        try await service.expectEmptyPool()
    }
}
