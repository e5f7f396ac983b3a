import Compute
import Engine
import Quantities
import Synchronization
import TestDevices
import Testing

/// Units on several devices at once.
@Suite(.serialized)
struct MeshServiceTests {
    private let prompt: [Int32] = (0..<9).map { $0 * 31 % 256 }
    /// Of answers under pressure. Chosen: every sequence needs another page of 128 tokens while the others have theirs.
    private static let length = 130

    /// A pool far too small for all: sequences are preempted, share prefixes and are dropped, and the others get the
    /// tokens that they get alone, and on one device that computes the same cut.
    @Test(arguments: ["opencl", "vulkan:llvmpipe"])
    func pressureChangesNoToken(_ device: String) async throws {
        let service = try await TinyService(poolMegabytes: 1, device: device, ranks: 2)
        let single = try await TinyService(device: device) { $0.shards = 2 }
        let prompts = (0..<24).map { index in (0..<(5 + 20 * (index % 9))).map { Int32(($0 * 31 + index / 2) % 256) } }
        let together = try await withThrowingTaskGroup(of: (Int, [Int32]).self) { group in
            for (index, prompt) in prompts.enumerated() {
                let model = index % 2 == 0 ? "a" : "b"
                group.addTask {
                    if index % 5 == 4 {
                        try await service.abandon(model, prompt)
                        return (index, [])
                    }
                    return (index, try await service.tokens(of: model, after: prompt, count: Self.length))
                }
            }
            return try await group.reduce(into: [[Int32]](repeating: [], count: prompts.count)) { $0[$1.0] = $1.1 }
        }
        for (index, prompt) in prompts.enumerated() where index % 5 != 4 {
            let model = index % 2 == 0 ? "a" : "b"
            let alone = try await single.tokens(of: model, after: prompt, count: Self.length)
            #expect(together[index] == alone, "sequence \(index)")
        }
        let status = try #require(await service.status)
        #expect(status.device.hasPrefix("2 x "))
        #expect(status.models.contains { $0.counters.preemptions > 0 })
        try await service.expectEmptyPool()
        try await single.expectEmptyPool()
    }

    /// The failure of one device is that of the unit, which is built anew and goes on.
    @Test func oneDeviceThatFailsFailsTheUnit() async throws {
        let faults = Mutex<[FaultyDevice.Fault]>([])
        let service = try await TinyService(
            device: "opencl", ranks: 2,
            opening: { real in
                let device = FaultyDevice(real)
                faults.withLock { $0.append(device.fault) }
                return device
            })
        let alone = try await service.tokens(of: "a", after: prompt, count: 200)
        async let interrupted = service.tokens(of: "a", after: prompt, count: 200)
        try await Task.sleep(for: .milliseconds(30))
        faults.withLock { $0[1] }.set(count: 1)
        #expect(try await interrupted == alone)
        _ = try await service.tokens(of: "b", after: prompt, count: 5)
        #expect(await service.status?.rebuilds == 1)
        #expect(faults.withLock { $0.count } == 4, "both devices were opened anew")
        try await service.expectEmptyPool()
    }
}
