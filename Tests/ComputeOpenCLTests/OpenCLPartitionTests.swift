import Compute
import ComputeOpenCL
import Testing

@Suite(.serialized)
struct OpenCLPartitionTests {
    private func device() throws -> OpenCLDevice {
        try OpenCLDevice(DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: nil)
    }

    @Test func partsWorkOnOneMemory() throws {
        let device = try device()
        try #require(device.partitioning == .subDevices)
        let partition = try device.partition(into: [1, 1])
        let devices = [partition.whole] + partition.parts
        #expect(Set(devices.map(\.memoryDomain)).count == 1)
        #expect(partition.parts.map(\.limits.computeUnits) == [1, 1])
        let shared = try SharedBuffer(byteCount: 4000, access: .device, label: "values", on: devices)
        try shared[partition.whole].write((0..<1000).map { Float($0) })
        for (round, device) in devices.enumerated() {
            let kernel = try device.makeKernel(Self.doubling).bind([shared[device]])
            try device.makeLane(label: "test").run { $0.dispatch(kernel, Parameters(), tiles: 1000) }
            let expected = (0..<1000).map { Float($0) * Float(2 << round) }
            #expect(try shared[partition.whole].read(1000, of: Float.self) == expected)
        }
    }

    /// The same kernel on all parts and the whole, over grids of many sizes: PoCL must not be led to compile it twice.
    @Test func partsWorkAtTheSameTime() async throws {
        let partition = try device().partition(into: [1, 1])
        try await withThrowingTaskGroup { group in
            for (place, device) in ([partition.whole] + partition.parts).enumerated() {
                let thread = LaneThread(name: "part")
                group.addTask {
                    try await thread.run {
                        let buffer = try device.makeBuffer(byteCount: 4 * 4096, access: .host, label: "values")
                        let kernel = try device.makeKernel(Self.doubling).bind([buffer])
                        let lane = try device.makeLane(label: "part")
                        for round in 0..<2000 {
                            let tiles = 1 + (round * 37 + place * 11) % 4096
                            if round % 50 == 0 { try buffer.write([Float](repeating: 1, count: 4096)) }
                            try lane.run { $0.dispatch(kernel, Parameters(), tiles: tiles) }
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

    /// Every tile of a dispatch that is handed out bit by bit is done once, in every pass.
    @Test(arguments: [1, 2, 3])
    func largeDispatchesAreDoneOnce(dispatches: Int) throws {
        let device = try device()
        let count = 5001
        let buffer = try device.makeBuffer(byteCount: 4 * count, access: .host, label: "values")
        try buffer.write([Float](repeating: 1, count: count))
        let kernel = try device.makeKernel(Self.doubling).bind([buffer])
        let lane = try device.makeLane(label: "test")
        for _ in 0..<3 {
            try lane.run { for _ in 0..<dispatches { $0.dispatch(kernel, Parameters(), tiles: 1..<count) } }
        }
        let values = try buffer.read(count, of: Float.self)
        let expected = Float(1 << (3 * dispatches))
        #expect(values[0] == 1 && values.dropFirst().allSatisfy { $0 == expected })
    }

    /// Host memory is worked on where it stands, a mapped file too.
    @Test func hostMemoryIsNotCopied() throws {
        let device = try device()
        let memory = try HostMemory(byteCount: 3 * HostMemory.alignment)
        let range = HostMemory.alignment..<HostMemory.alignment + 400
        let buffer = try device.makeBuffer(over: memory, range, label: "part")
        #expect(buffer.contents?.baseAddress == memory.bytes.baseAddress.map { $0 + HostMemory.alignment })
        try buffer.write([Float](repeating: 3, count: 100))
        let kernel = try device.makeKernel(Self.doubling).bind([buffer])
        try device.makeLane(label: "test").run { $0.dispatch(kernel, Parameters(), tiles: 100) }
        let values = memory.bytes.bindMemory(to: Float.self)
        #expect(values[1023] == 0 && values[1024] == 6 && values[1123] == 6 && values[1124] == 0)
    }

    @Test func tooManyUnitsAreRefused() throws {
        let device = try device()
        #expect(throws: ComputeError.self) { try device.partition(into: [device.limits.computeUnits, 1]) }
        #expect(throws: ComputeError.self) { try device.partition(into: [0]) }
    }

    private static let doubling = KernelCode(
        label: "double", dialect: .openCL,
        source: """
            __kernel void entry(__global float* values, uint firstTile, uint tileCount) {
                for (uint tile = firstTile + get_group_id(0); tile < firstTile + tileCount; tile += get_num_groups(0))
                    values[tile] *= 2.0f;
            }
            """,
        bindings: [KernelBinding(name: "values", access: .readWrite, element: .float, windows: 1, isTexel: false)],
        parameterCount: 2, groupSize: 1)
}
