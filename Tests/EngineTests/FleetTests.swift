import Compute
import ComputeOpenCL
import ComputeVulkan
import ConfigurationFiles
import Engine
import Foundation
import GGUF
import Logging
import Placement
import Quantities
import Synchronization
import TestDevices
import Testing

/// A plan of two units on two devices of this machine, served by one process.
@Suite(.serialized)
struct FleetTests {
    private static let prompt: [Int32] = (0..<9).map { $0 * 31 % 256 }

    /// A fleet, and the faults of its units' devices by the units' names.
    private struct Service {
        let fleet: Fleet
        let folder: String
        let faults: Faults
    }

    private final class Faults: Sendable {
        private let faults = Mutex<[String: FaultyDevice.Fault]>([:])
        private let gone = Mutex<Set<String>>([])

        subscript(unit: String) -> FaultyDevice.Fault? {
            get { faults.withLock { $0[unit] } }
            set { faults.withLock { $0[unit] = newValue } }
        }

        /// Whether a unit's device cannot be opened again: then the test, and no clock, says when the unit is rebuilt.
        func isGone(_ unit: String) -> Bool { gone.withLock { $0.contains(unit) } }

        func setGone(_ isGone: Bool, _ unit: String) {
            gone.withLock { gone in if isGone { gone.insert(unit) } else { gone.remove(unit) } }
        }
    }

    /// One for all units: of Debian's validation layer, a thread once fell over while instances came and went.
    private static let instance = Result { try VulkanInstance(validates: true) }

    private func service(_ plan: Plan, devices: [String]) async throws -> Service {
        let folder = NSTemporaryDirectory() + "weft-fleet-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (index, name) in ["a", "b"].enumerated() {
            var tiny = TinyLlama()
            tiny.seed = UInt64(index + 1)
            try tiny.write(to: "\(folder)/\(name).gguf")
        }
        var configuration = try ServeConfiguration(plan: Field(plan.yaml, file: "plan.yaml"), devices: devices) {
            "\(folder)/\($0)"
        }
        for index in configuration.units.indices { configuration.units[index].poolMegabytes = 8 }
        let faults = Faults()
        let cache = NSTemporaryDirectory() + "weft-engine-kernels"
        let fleet = Fleet(configuration, modelFolder: folder, logger: Logger(label: "test")) { unit in
            if faults.isGone(unit.name) { throw ComputeError.deviceLost(device: unit.name, call: "opening") }
            let selector = try DeviceSelector(unit.devices[0])
            let real: any Device =
                selector.api == .opencl
                ? try OpenCLDevice(selector, in: OpenCLPlatforms(), cacheDirectory: cache)
                : try VulkanDevice(selector, in: Self.instance.get(), cacheDirectory: cache)
            let device = FaultyDevice(real)
            faults[unit.name] = device.fault
            return Mesh(device)
        }
        try await fleet.load()
        return Service(fleet: fleet, folder: folder, faults: faults)
    }

    private static func plan(_ models: [[String]]) -> Plan {
        Plan(
            units: models.enumerated().map { index, names in
                PlannedUnit(
                    name: "unit-\(index)", node: 0, devices: [index],
                    models: names.map {
                        PlannedModel(
                            name: $0, model: "\($0).gguf", rate: 1,
                            shares: PhaseShares(prefill: Share(6), decode: Share(4)), estimatedThroughput: 1)
                    })
            })
    }

    private func stream(
        _ model: String, count: Int, _ fleet: Fleet
    ) async throws -> AsyncThrowingStream<GenerationEvent, any Error> {
        var request = GenerationRequest(model: model, prompt: Self.prompt)
        request.maxTokens = count
        request.ignoresEndOfText = true
        return try await fleet.generate(request)
    }

    private func tokens(_ model: String, count: Int, _ fleet: Fleet) async throws -> [Int32] {
        var tokens: [Int32] = []
        for try await case .token(let token) in try await stream(model, count: count, fleet) { tokens.append(token.id) }
        return tokens
    }

    /// Two drivers, or one driver twice.
    @Test(arguments: [["opencl", "vulkan:llvmpipe"], ["opencl", "opencl"], ["vulkan:llvmpipe", "vulkan:llvmpipe"]])
    func oneUnitIsKilledAndRebuiltWhileTheOtherGoesOn(_ devices: [String]) async throws {
        let service = try await service(Self.plan([["a"], ["b"]]), devices: devices)
        defer { try? FileManager.default.removeItem(atPath: service.folder) }
        let fleet = service.fleet
        #expect(await fleet.models.map(\.name) == ["a", "b"])
        #expect(await fleet.isReady)
        let before = (try await tokens("a", count: 40, fleet), try await tokens("b", count: 40, fleet))

        let cut = try await stream("b", count: 200, fleet)
        service.faults.setGone(true, "unit-1")
        service.faults["unit-1"]?.set()
        while await fleet.isReady { await Task.yield() }
        // The other unit does not notice.
        #expect(try await tokens("a", count: 40, fleet) == before.0)
        #expect(await !fleet.isReady)
        let refused = await #expect(throws: EngineError.self) { try await tokens("b", count: 1, fleet) }
        if case .unavailable(let reason) = refused { #expect(reason.contains("unit-1")) }
        service.faults.setGone(false, "unit-1")
        // It is tried less and less often, and a driver may be compiling for the unit that goes on.
        let deadline = ContinuousClock.now + .seconds(180)
        while await !fleet.isReady, ContinuousClock.now < deadline {
            #expect(try await tokens("a", count: 4, fleet) == Array(before.0.prefix(4)))
        }
        #expect(await fleet.isReady)
        // What was interrupted has gone on, on the new device.
        var resumed: [Int32] = []
        for try await case .token(let token) in cut { resumed.append(token.id) }
        #expect(resumed.count == 200 && Array(resumed.prefix(40)) == before.1)
        #expect(try await tokens("b", count: 40, fleet) == before.1)
        let status = try #require(await fleet.status)
        #expect(status.units.map(\.name) == ["unit-0", "unit-1"] && status.units.map(\.rebuilds) == [0, 1])
        #expect(await fleet.pageUse.held == 0)
    }

    @Test func replicasShareTheRequestsOfTheirModel() async throws {
        let service = try await service(Self.plan([["a", "b"], ["a"]]), devices: ["opencl", "opencl"])
        defer { try? FileManager.default.removeItem(atPath: service.folder) }
        let alone = try await tokens("a", count: 30, service.fleet)
        try await withThrowingTaskGroup(of: [Int32].self) { group in
            for _ in 0..<8 { group.addTask { try await tokens("a", count: 30, service.fleet) } }
            for try await found in group { #expect(found == alone) }
        }
        let status = try #require(await service.fleet.status)
        let counts = status.units.map { $0.models.first { $0.name == "a" }?.counters.requests ?? 0 }
        #expect(counts.reduce(0, +) == 9 && counts.allSatisfy { $0 > 1 }, "\(counts)")
        await #expect(throws: ConfigurationError.self) {
            _ = try await service.fleet.load(ModelConfiguration(name: "c", path: "b.gguf"), unit: nil)
        }
        _ = try await service.fleet.load(ModelConfiguration(name: "c", path: "b.gguf"), unit: "unit-1")
        #expect(await service.fleet.models.map(\.name) == ["a", "b", "c"])
        try await service.fleet.unload("a", patience: .zero)
        #expect(await service.fleet.models.map(\.name) == ["b", "c"])
    }

    @Test func aLoadThatCanNeverFitCostsNoModel() async throws {
        let service = try await TinyService(models: [("a", 32), ("b", 32)]) { $0.weightsMegabytes = 1 }
        // A block of 9 layers and 64 KV heads is more than the pool of 512 pages has.
        var wide = TinyLlama()
        wide.layers = 9
        wide.heads = 64
        wide.keyValueHeads = 64
        wide.headSize = 32
        let model = try service.write("wide", wide)
        let error = await #expect(throws: ConfigurationError.self) {
            _ = try await service.fleet.load(model, unit: nil)
        }
        #expect(error?.description.contains("'wide'") == true && error?.description.contains("576") == true)
        #expect(await service.fleet.models.map(\.name) == ["a", "b"])
        #expect(await service.fleet.isReady)
        try await service.expectEmptyPool()
    }
}
