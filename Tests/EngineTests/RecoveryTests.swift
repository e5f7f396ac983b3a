import CUDADouble
import Compute
import Dispatch
import Engine
import Synchronization
import TestDevices
import Testing

/// A unit whose device fails comes back, and goes on with what it was at.
@Suite(.serialized)
struct RecoveryTests {
    private let prompt: [Int32] = (0..<9).map { $0 * 31 % 256 }

    /// A service whose device can be made to fail, and refuses to open `refusals` times after that.
    private func service(
        _ device: String, refusals: Int = 0, faults: @escaping @Sendable (FaultyDevice.Fault) -> Void
    ) async throws -> TinyService {
        let opened = Opened()
        return try await TinyService(
            device: device,
            opening: { real in
                let times = opened.next()
                if times > 0, times <= refusals {
                    throw ComputeError.outOfMemory(device: real.description.name, asked: 2, available: 1)
                }
                let device = FaultyDevice(real)
                faults(device.fault)
                return device
            })
    }

    /// How often a device was opened.
    private final class Opened: Sendable {
        private let count = Mutex(0)

        /// Times before this one.
        func next() -> Int {
            count.withLock { count in
                defer { count += 1 }
                return count
            }
        }
    }

    /// Long requests, all of them accepted.
    private func streams(
        _ count: Int, of models: [String], _ service: TinyService
    ) async throws -> [AsyncThrowingStream<GenerationEvent, any Error>] {
        var streams: [AsyncThrowingStream<GenerationEvent, any Error>] = []
        for index in 0..<count {
            var request = GenerationRequest(model: models[index % models.count], prompt: prompt)
            request.ignoresEndOfText = true
            streams.append(try await service.fleet.generate(request))
        }
        return streams
    }

    private func waitUntilReady(_ service: TinyService) async throws {
        for _ in 0..<600 where await !service.fleet.isReady { try await Task.sleep(for: .milliseconds(50)) }
        try #require(await service.fleet.isReady)
    }

    @Test("Fault 24: after a failure the unit is built anew", arguments: ["vulkan:llvmpipe", "opencl"])
    func afterAFailureTheUnitIsBuiltAnew(_ device: String) async throws {
        let fault = Mutex<FaultyDevice.Fault?>(nil)
        let service = try await service(device) { new in fault.withLock { $0 = new } }
        let third = try service.write("c", headSize: 32, seed: 9)
        _ = try await service.fleet.load(third, unit: nil)
        let before = try await service.tokens(of: "c", after: prompt, count: 20)

        let cut = try await streams(8, of: ["a", "b"], service)
        fault.withLock { $0?.set() }
        for stream in cut { for try await _ in stream {} }
        try await waitUntilReady(service)
        #expect(await service.fleet.models.map(\.name) == ["a", "b", "c"])
        #expect(try await service.tokens(of: "c", after: prompt, count: 20) == before)
        #expect(await service.status?.rebuilds == 1)
        try await service.expectEmptyPool()
    }

    @Test("Fault 24: a device that hangs when it is opened anew is left to itself, and asked again")
    func anOpeningThatHangsIsGivenUp() async throws {
        let fault = FaultyDevice.Fault(), opened = Opened(), end = DispatchSemaphore(value: 0)
        defer { end.signal() }
        let service = try await TinyService(
            device: "opencl",
            // A pass and an opening have sixty times as long.
            change: { $0.watchdog = 0.1 },
            opening: { real in
                if opened.next() == 1 { end.wait() }
                return FaultyDevice(real, fault: fault)
            })
        let expected = try await service.tokens(of: "a", after: prompt, count: 5)
        fault.set(count: 1)
        #expect(try await service.tokens(of: "a", after: prompt, count: 5) == expected)
        #expect(opened.next() == 3)
        #expect(await service.status?.rebuilds == 1)
        try await service.expectEmptyPool()
    }

    @Test func whileItIsAwayRequestsAreRefusedAndAnUnloadEnds() async throws {
        let fault = Mutex<FaultyDevice.Fault?>(nil)
        let service = try await service("vulkan:llvmpipe", refusals: 1) { new in fault.withLock { $0 = new } }
        let cut = try await streams(8, of: ["a"], service)
        let unload = Task { try await service.fleet.unload("a", patience: .seconds(60)) }
        while await service.fleet.models.count > 1 { await Task.yield() }
        fault.withLock { $0?.set() }
        for stream in cut { await #expect(throws: EngineError.self) { for try await _ in stream {} } }
        try await unload.value

        for _ in 0..<100 where await service.fleet.isReady { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await service.fleet.models.map(\.name) == ["b"], "what was served is still named")
        #expect(await service.status?.failure?.contains("lost") == true)
        while await service.status?.recovery?.tries == 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(await service.status?.recovery?.tries == 1)
        #expect(await service.status?.recovery?.reason?.contains("out of memory") == true)
        await #expect {
            _ = try await service.tokens(of: "b", after: prompt, count: 1)
        } throws: { error in
            if case EngineError.unavailable(let reason) = error { reason.contains("set up again") } else { false }
        }
        try await waitUntilReady(service)
        #expect(await service.fleet.models.map(\.name) == ["b"])
        #expect(try await service.tokens(of: "b", after: prompt, count: 5).count == 5)
        #expect(await service.status?.failure == nil)
        #expect(await service.status?.recovery == nil)
        try await service.expectEmptyPool()
    }

    /// A load that ends after the failure was noticed told its client that the model is served.
    @Test func aModelWhoseLoadEndsMeanwhileComesBackToo() async throws {
        let fault = Mutex<FaultyDevice.Fault?>(nil)
        let service = try await service("vulkan:llvmpipe") { new in fault.withLock { $0 = new } }
        let device = try #require(fault.withLock { $0 })
        let third = try service.write("c", headSize: 32, seed: 9)
        device.hold("compiling")
        let load = Task { try await service.fleet.load(third, unit: nil) }
        while !device.isHolding { await Task.yield() }

        device.set(count: 1)
        async let interrupted = service.tokens(of: "a", after: prompt, count: 20)
        while await service.status?.failure == nil { await Task.yield() }
        // Long enough for the engine to wait for the load.
        try await Task.sleep(for: .milliseconds(200))
        device.release()
        #expect(try await load.value.name == "c")
        #expect(try await interrupted.count == 20)

        try await waitUntilReady(service)
        #expect(await service.fleet.models.map(\.name) == ["a", "b", "c"])
        #expect(try await service.tokens(of: "c", after: prompt, count: 5).count == 5)
        try await service.expectEmptyPool()
    }

    @Test func aModelThatCannotBeLoadedAgainIsLeftOut() async throws {
        let fault = Mutex<FaultyDevice.Fault?>(nil)
        let service = try await service("vulkan:llvmpipe") { new in fault.withLock { $0 = new } }
        let before = try await service.tokens(of: "b", after: prompt, count: 20)
        let lost = try await streams(1, of: ["a"], service)
        try service.remove("a")
        fault.withLock { $0?.set() }
        #expect(try await service.tokens(of: "b", after: prompt, count: 20) == before)
        await #expect {
            for stream in lost { for try await _ in stream {} }
        } throws: { error in
            if case EngineError.unitFailed(_, "a", let reason) = error {
                reason.contains("loaded again")
            } else {
                false
            }
        }
        while await service.status?.rebuilds != 1 { try await Task.sleep(for: .milliseconds(20)) }

        #expect(await !service.fleet.isReady, "a model that should be served is missing")
        #expect(await service.fleet.models.map(\.name) == ["b"])
        #expect(try await service.tokens(of: "b", after: prompt, count: 20) == before)
        let missing = try #require(await service.status?.missing)
        #expect(missing.map(\.name) == ["a"] && missing[0].reason.contains("a.gguf"))
        try await service.fleet.unload("a", patience: .zero)
        #expect(await service.status?.missing == [])
        #expect(await service.fleet.isReady)
        _ = try await service.fleet.load(try service.write("a", headSize: 32, seed: 1), unit: nil)
        #expect(await service.fleet.models.map(\.name) == ["b", "a"])
        try await service.expectEmptyPool()
    }

    @Test func aModelUnloadedWhileTheUnitIsAwayDoesNotComeBack() async throws {
        let fault = Mutex<FaultyDevice.Fault?>(nil)
        let service = try await service("vulkan:llvmpipe", refusals: 1) { new in fault.withLock { $0 = new } }
        fault.withLock { $0?.set() }
        async let interrupted = service.tokens(of: "b", after: prompt, count: 3)
        while await service.status?.recovery?.tries != 1 { try await Task.sleep(for: .milliseconds(5)) }
        try await service.fleet.unload("a", patience: .seconds(60))
        #expect(await service.fleet.models.map(\.name) == ["b"])
        try await waitUntilReady(service)
        #expect(await service.fleet.models.map(\.name) == ["b"])
        #expect(await service.status?.missing == [])
        #expect(try await interrupted.count == 3)
        try await service.expectEmptyPool()
    }

    /// Through the CUDA backend on a stand-in for NVIDIA's driver: lanes have multiprocessors of their own, and after a
    /// kernel has ended the device's context, the unit opens another.
    @Test(.enabled(if: CUDADouble.isAvailable))
    func aUnitOnCUDADividesItsDeviceAndSurvivesItsLoss() async throws {
        let cuda = try CUDADouble()
        let service = try await TinyService(models: [("a", 32)], cuda: cuda)
        let before = try await service.tokens(of: "a", after: prompt, count: 12)
        #expect(before.count == 12)
        let status = try #require(await service.status)
        #expect(status.partitioning == "green contexts" && status.lanes.map(\.units) == [nil, 10, 6])
        #expect(status.lanes.contains { $0.passes > 0 })

        // A launch that has begun when the error is wanted, or a later one.
        let cut = try await streams(2, of: ["a"], service)
        cuda.fail("kernel", 719)
        for stream in cut {
            for try await _ in stream {}
        }
        try await waitUntilReady(service)
        #expect(cuda.count("resets") == 1)
        #expect(await service.status?.models.first?.counters.resumed == 2)
        #expect(try await service.tokens(of: "a", after: prompt, count: 12) == before)
        #expect(await service.status?.rebuilds == 1)
        #expect(cuda.count("mistakes") == 0)
        try await service.expectEmptyPool()
    }
}
