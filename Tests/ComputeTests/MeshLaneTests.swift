import Compute
import Synchronization
import TestDevices
import Testing

/// Lanes that go through the parts of a pass together.
struct MeshLaneTests {
    private func mesh(_ devices: [IdleDevice]) throws -> MeshLane {
        MeshLane(try devices.map { try $0.makeLane(label: "rank") }, name: "test")
    }

    @Test func noneBeginsAPartBeforeAllHaveEndedTheOneBefore() throws {
        let ranks = 3, parts = 40
        let lane = try mesh((0..<ranks).map { _ in IdleDevice() })
        let ended = Mutex([Int](repeating: 0, count: parts)), early = Mutex(0)
        try lane.run(parts: parts) { _, part, _ in
            if part > 0, ended.withLock({ $0[part - 1] }) < ranks { early.withLock { $0 += 1 } }
            ended.withLock { $0[part] += 1 }
        }
        #expect(ended.withLock { $0 } == [Int](repeating: ranks, count: parts))
        #expect(early.withLock { $0 } == 0)
    }

    @Test func anErrorEndsAllAtThatPart() throws {
        let lane = try mesh([IdleDevice(), IdleDevice()])
        let begun = Mutex<Set<Int>>([])
        let error = #expect(throws: ComputeError.self) {
            try lane.run(parts: 9) { rank, part, _ throws(ComputeError) in
                begun.withLock { _ = $0.insert(part) }
                if rank == 1, part == 3 { throw .deviceLost(device: "second", call: "run") }
            }
        }
        #expect("\(try #require(error))".contains("second"))
        #expect(begun.withLock { $0 } == [0, 1, 2, 3])
        // And the next pass begins anew.
        begun.withLock { $0 = [] }
        try lane.run(parts: 2) { _, part, _ in begun.withLock { _ = $0.insert(part) } }
        #expect(begun.withLock { $0 } == [0, 1])
    }

    @Test func aDeviceIsDividedAsOftenAsItIsNamed() throws {
        let whole = IdleDevice()
        #expect(try Mesh.parts(of: whole, count: 1).map { $0 === whole } == [true])
        #expect(throws: ComputeError.self) { try Mesh.parts(of: whole, count: 2) }
        #expect(Mesh([whole, whole]).name == "2 x idle" && Mesh(whole).name == "idle")
    }
}
