import CUDADouble
import Compute
import ComputeCUDA
import Testing

@Suite(.enabled(if: CUDADouble.isAvailable))
struct CUDAPartitionTests {
    /// Groups of multiprocessors by NVIDIA's rules: of 8 from compute capability 9.0, of 4 or 2 before.
    @Test(arguments: [(90, 132, 16), (89, 128, 32), (80, 108, 27), (75, 46, 23), (90, 10, 1)])
    func unitsAreGroupsOfMultiprocessors(capability: Int, multiprocessors: Int, units: Int) throws {
        let double = try CUDADouble(["capability": capability, "multiprocessors": multiprocessors])
        let device = try Scaling.device(in: double)
        #expect(device.limits.computeUnits == units)
        #expect(device.partitioning == (units > 1 ? .greenContexts : .queues))
        #expect(device.partitioning.isReal == (units > 1))
    }

    /// An H200 in shares of 6 and 4: 80 and 48 of 132 multiprocessors.
    @Test func partsWorkOnOneMemory() throws {
        let double = try CUDADouble()
        do {
            let partition = try Scaling.device(in: double).partition(into: [10, 6])
            let devices = [partition.whole] + partition.parts
            #expect(Set(devices.map(\.memoryDomain)).count == 1)
            #expect(partition.parts.map(\.limits.computeUnits) == [10, 6])
            #expect(partition.parts.allSatisfy { $0.facts == partition.whole.facts })
            let shared = try SharedBuffer(byteCount: 4000, access: .device, label: "values", on: devices)
            try shared[partition.whole].write((0..<1000).map { Float($0) })
            for (round, device) in devices.enumerated() {
                let kernel = try device.makeKernel(Scaling.code()).bind([shared[device]])
                let lane = try device.makeLane(label: "test")
                try lane.run { $0.dispatch(kernel, Scaling.parameters(2), tiles: 1000) }
                let expected = (0..<1000).map { Float($0) * Float(2 << round) }
                #expect(try shared[partition.whole].read(1000, of: Float.self) == expected)
                #expect(double.count("green contexts") == (round == 0 ? 0 : 1))
                #expect(round == 0 || double.count("multiprocessors of the last part") == [80, 48][round - 1])
            }
        }
        #expect(double.leftovers == [:])
    }

    @Test func partsWorkAtTheSameTime() async throws {
        let double = try CUDADouble()
        do {
            let partition = try Scaling.device(in: double).partition(into: [8, 8])
            try await withThrowingTaskGroup { group in
                for (place, device) in ([partition.whole] + partition.parts).enumerated() {
                    let thread = LaneThread(name: "part")
                    group.addTask {
                        try await thread.run {
                            let buffer = try device.makeBuffer(byteCount: 4 * 4096, access: .device, label: "values")
                            let kernel = try device.makeKernel(Scaling.code()).bind([buffer])
                            let lane = try device.makeLane(label: "part")
                            for round in 0..<500 {
                                let tiles = 1 + (round * 37 + place * 11) % 4096
                                if round % 50 == 0 { try buffer.write([Float](repeating: 1, count: 4096)) }
                                try lane.run { $0.dispatch(kernel, Scaling.parameters(2), tiles: tiles) }
                                if round % 50 == 0 {
                                    let expected = (0..<4096).map { $0 < tiles ? Float(2) : 1 }
                                    #expect(try buffer.read(4096, of: Float.self) == expected)
                                }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        // The threads let go of what they have when they end.
        for _ in 0..<500 where double.leftovers != [:] { try await Task.sleep(for: .milliseconds(10)) }
        #expect(double.leftovers == [:])
    }

    @Test func tooManyUnitsAreRefused() throws {
        let device = try Scaling.device(in: CUDADouble())
        #expect(throws: ComputeError.self) { try device.partition(into: [16, 1]) }
        #expect(throws: ComputeError.self) { try device.partition(into: [0]) }
        #expect(throws: ComputeError.self) { try device.partition(into: []) }
    }

    /// A driver without green contexts gives streams priorities; one without these gives turns.
    @Test func oldDriversHavePriorities() throws {
        let double = try CUDADouble(["driver": 12020], isOld: true)
        let device = try Scaling.device(in: double)
        #expect(device.partitioning == .queues && device.limits.computeUnits == 1)
        let partition = try device.partition(into: [3, 7])
        let lanes = try ([partition.whole] + partition.parts).map { try $0.makeLane(label: "part") }
        #expect(lanes.count == 3 && double.count("urgent streams") == 2, "of weight 3 and 7, and not of weight 1")
        let without = try Scaling.device(in: CUDADouble(["priorities": 0], isOld: true))
        #expect(without.partitioning == .budget)
        #expect(try without.partition(into: [1, 2]).parts.count == 2)
    }
}
