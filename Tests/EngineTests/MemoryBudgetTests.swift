import Compute
import Engine
import TestDevices
import Testing

/// Units on devices of which others have a part: nothing is reserved that the device has not.
struct MemoryBudgetTests {
    private func start(
        poolMegabytes: Int, memory: Int, available: Int, devices: Int = 1, kind: DeviceDescription.Kind = .discrete
    ) throws {
        var configuration = UnitConfiguration(models: [ModelConfiguration(name: "a", path: "a.gguf")])
        configuration.poolMegabytes = poolMegabytes
        let mesh = (0..<devices).map { _ in
            IdleDevice(kind: kind, memoryByteCount: memory << 20, availableBytes: available << 20)
        }
        _ = try Engine.Unit(configuration, sequences: 4, pagesPerSequence: 64, mesh: Mesh(mesh))
    }

    /// A twentieth of 24 GiB stays free.
    @Test func aPoolThatDoesNotFitIsRefusedInOneLine() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try start(poolMegabytes: 8000, memory: 24_576, available: 9216)
        }
        #expect(
            error.description
                == "a pool of 8000 MB does not fit on idle: of 24576 MB 9216 are available, and 1228 stay free; "
                + "pool_mb may be at most 7987")
        try start(poolMegabytes: 7987, memory: 24_576, available: 9216)
    }

    @Test func halfAGigabyteOfASmallDeviceStaysFree() throws {
        try start(poolMegabytes: 1536, memory: 2048, available: 2048)
        #expect(throws: ConfigurationError.self) { try start(poolMegabytes: 1537, memory: 2048, available: 2048) }
        #expect(throws: ConfigurationError.self) { try start(poolMegabytes: 1, memory: 2048, available: 100) }
    }

    /// Each has a pool of its own: beside the others' where all are the host's memory.
    @Test func devicesOfAMeshHaveAPoolEach() throws {
        try start(poolMegabytes: 1536, memory: 2048, available: 2048, devices: 2)
        try start(poolMegabytes: 768, memory: 2048, available: 2048, devices: 2, kind: .cpu)
        #expect(throws: ConfigurationError.self) {
            try start(poolMegabytes: 769, memory: 2048, available: 2048, devices: 2, kind: .cpu)
        }
    }
}
