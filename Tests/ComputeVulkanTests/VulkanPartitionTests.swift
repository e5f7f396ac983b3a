import Compute
import ComputeVulkan
import Testing

@Suite(.serialized)
struct VulkanPartitionTests {
    private func lavapipe(_ instance: VulkanInstance) throws -> VulkanDevice {
        try VulkanDevice(DeviceSelector("vulkan:llvmpipe"), in: instance, cacheDirectory: nil)
    }

    /// What one part writes the other reads and changes, and the host sees it: all three work on the same bytes.
    @Test func partsWorkOnOneMemory() async throws {
        let instance = try VulkanInstance(validates: true)
        let partition = try lavapipe(instance).partition(into: [1, 1])
        let devices = [partition.whole] + partition.parts
        #expect(Set(devices.map(\.memoryDomain)).count == 3)
        #expect(partition.parts.map(\.limits.computeUnits) == [1, 1])
        let count = 5000
        let shared = try SharedBuffer(byteCount: 4 * count, access: .host, label: "values", on: devices)
        try shared[partition.whole].write((0..<count).map { Float($0) })
        for (round, device) in devices.enumerated() {
            let kernel = try device.makeKernel(Self.doubling).bind([shared[device]])
            try device.makeLane(label: "test").run { $0.dispatch(kernel, Parameters(), tiles: count) }
            let expected = (0..<count).map { Float($0) * Float(2 << round) }
            for other in devices { #expect(try shared[other].read(count, of: Float.self) == expected) }
        }
        #expect(instance.validationMessages == [])
    }

    @Test func partsWorkAtTheSameTime() async throws {
        let instance = try VulkanInstance(validates: true)
        let partition = try lavapipe(instance).partition(into: [1, 1])
        try await withThrowingTaskGroup { group in
            for device in partition.parts {
                let thread = LaneThread(name: "part")
                group.addTask {
                    try await thread.run {
                        let buffer = try device.makeBuffer(byteCount: 4 * 4096, access: .host, label: "values")
                        try buffer.write([Float](repeating: 1, count: 4096))
                        let kernel = try device.makeKernel(Self.doubling).bind([buffer])
                        let lane = try device.makeLane(label: "part")
                        for _ in 0..<60 { try lane.run { $0.dispatch(kernel, Parameters(), tiles: 4096) } }
                        let expected = [Float](repeating: Float(sign: .plus, exponent: 60, significand: 1), count: 4096)
                        #expect(try buffer.read(4096, of: Float.self) == expected)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(instance.validationMessages == [])
    }

    @Test func tooManyUnitsAreRefused() throws {
        let device = try lavapipe(VulkanInstance())
        #expect(throws: ComputeError.self) { try device.partition(into: [device.limits.computeUnits, 1]) }
        #expect(throws: ComputeError.self) { try device.partition(into: []) }
        #expect(throws: ComputeError.self) { try device.partition(into: [0, 1]) }
    }

    private static let doubling = KernelCode(
        label: "double", dialect: .glsl,
        source: """
            #version 450
            layout(local_size_x = 8) in;
            layout(std430, binding = 0) buffer Values { float values[]; };
            layout(push_constant) uniform Parameters { uint firstTile; uint tileCount; };
            void main() {
                for (uint tile = firstTile + gl_WorkGroupID.x; tile < firstTile + tileCount; tile += gl_NumWorkGroups.x)
                    if (gl_LocalInvocationID.x == 0) values[tile] *= 2.0;
            }
            """,
        bindings: [KernelBinding(name: "values", access: .readWrite, element: .float, windows: 1, isTexel: false)],
        parameterCount: 2, groupSize: 8)
}
