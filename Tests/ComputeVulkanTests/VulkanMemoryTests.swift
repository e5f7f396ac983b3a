import Compute
import ComputeVulkan
import Testing

/// Buffers in several slabs, and memory that the host is taken not to see, on lavapipe under the validation layer.
@Suite(.serialized)
struct VulkanMemoryTests {
    private let instance: VulkanInstance

    init() throws { instance = try VulkanInstance(validates: true) }

    private static let slab = 1 << 16

    private func device(sees: Bool, _ limits: (inout DeviceLimits) -> Void = { _ in }) throws -> VulkanDevice {
        try VulkanDevice(DeviceSelector("vulkan:llvmpipe"), in: instance, cacheDirectory: nil) {
            $0.seesDeviceMemory = sees
            limits(&$0)
        }
    }

    private func slabbed(sees: Bool) throws -> VulkanDevice {
        try device(sees: sees) {
            $0.maxAllocationSize = Self.slab
            $0.maxTexelElements = 0
        }
    }

    /// Reads and writes of all places and lengths around the edges of slabs, against an array.
    @Test(arguments: [true, false])
    func bytesAreWhereTheyWereWritten(sees: Bool) throws {
        let device = try slabbed(sees: sees)
        let count = 3 * Self.slab + 1000
        let buffer = try device.makeBuffer(byteCount: count, access: .device, label: "large")
        #expect(buffer.contents == nil)
        var expected = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try buffer.write(expected)
        #expect(try buffer.read(count, of: UInt8.self) == expected)
        for (round, start) in [0, 1, Self.slab - 1, Self.slab, 2 * Self.slab - 77, 3 * Self.slab + 999].enumerated() {
            let bytes = (0..<min(count - start, [1, 2, Self.slab, 2 * Self.slab + 5, 154, 1][round])).map {
                UInt8(truncatingIfNeeded: $0 &* 7 &+ round)
            }
            try buffer.write(bytes, at: start)
            expected.replaceSubrange(start..<start + bytes.count, with: bytes)
            #expect(try buffer.read(bytes.count, of: UInt8.self, at: start) == bytes)
        }
        #expect(try buffer.read(count, of: UInt8.self) == expected)
        #expect(instance.validationMessages == [])
    }

    /// More than any single allocation of the driver may be, and a kernel that sees each slab as a window.
    @Test("Fault 25: each slab is a window", arguments: [true, false])
    func eachSlabIsAWindow(sees: Bool) throws {
        let device = try slabbed(sees: sees)
        #expect(device.limits.maxBindingSize == Self.slab, "what one binding shows is one allocation")
        let perWindow = Self.slab / 4
        let buffer = try device.makeBuffer(byteCount: 2 * Self.slab + 400, access: .device, label: "large")
        try buffer.write((0..<2 * perWindow + 100).map { UInt32($0) })
        let kernel = try device.makeKernel(Self.marking(windows: 3)).bind([buffer])
        try device.makeLane(label: "test").run { $0.dispatch(kernel, Parameters(), tiles: 100) }
        var expected = (0..<2 * perWindow + 100).map { UInt32($0) }
        for index in 0..<100 {
            for window in 0..<3 { expected[window * perWindow + index] += UInt32(1000 * (window + 1)) }
        }
        #expect(try buffer.read(expected.count, of: UInt32.self) == expected)
        // One window cannot show it.
        #expect(throws: ComputeError.self) { try device.makeKernel(Self.marking(windows: 1)).bind([buffer]) }
        #expect(instance.validationMessages == [])
    }

    /// A copy longer than what goes at once, and pieces of it.
    @Test func longCopiesGoInPieces() throws {
        let device = try device(sees: false)
        let count = 80 << 20
        let buffer = try device.makeBuffer(byteCount: count, access: .device, label: "weights")
        let words = (0..<count / 4).map { UInt32(truncatingIfNeeded: $0 &* 2_654_435_761) }
        try buffer.write(words)
        #expect(try buffer.read(words.count, of: UInt32.self) == words)
        #expect(try buffer.read(5, of: UInt32.self, at: 70 << 20) == Array(words[(70 << 18)..<(70 << 18) + 5]))
        #expect(instance.validationMessages == [])
    }

    /// What the host wrote is seen from `upload` on, and not before.
    @Test func whatWasWrittenIsUploaded() throws {
        let device = try device(sees: false)
        let array = try HostArray(UInt32.self, count: 300, access: .upload, label: "inputs", on: device)
        try array.buffer.write([UInt32](repeating: 0, count: 300))
        for index in 0..<300 { array[index] = UInt32(index) }
        let kernel = try device.makeKernel(Self.marking(windows: 1)).bind([array.buffer])
        let lane = try device.makeLane(label: "test")
        try lane.run { commands in
            array.upload(0..<200, commands)
            array.upload(250..<250, commands)
            commands.dispatch(kernel, Parameters(), tiles: 100)
            commands.dispatch(kernel, Parameters(), tiles: 10)
        }
        var seen = (0..<300).map { UInt32($0) }
        for index in 0..<100 { seen[index] += 1000 }
        for index in 0..<10 { seen[index] += 1000 }
        for index in 200..<300 { seen[index] = 0 }
        #expect(try array.buffer.read(300, of: UInt32.self) == seen)
        try SlicedLane(lane, seconds: 1).run { array.upload(200..<300, $0) }
        #expect(try array.buffer.read(100, of: UInt32.self, at: 800) == (200..<300).map { UInt32($0) })
        #expect(instance.validationMessages == [])
    }

    /// What kernels wrote is seen after `download`, also at the end of the last slice, and not before.
    @Test(arguments: [false, true])
    func whatWasComputedIsDownloaded(isSliced: Bool) throws {
        let device = try device(sees: false)
        let array = try HostArray(UInt32.self, count: 100, access: .download, label: "outputs", on: device)
        try array.buffer.write([UInt32](repeating: 0, count: 100))
        let kernel = try device.makeKernel(Self.marking(windows: 1)).bind([array.buffer])
        var lane = try device.makeLane(label: "test")
        if isSliced { lane = SlicedLane(lane, seconds: 1e-9) }
        try lane.run { $0.dispatch(kernel, Parameters(), tiles: 100) }
        #expect((0..<100).allSatisfy { array[$0] == 0 })
        try lane.run { commands in
            commands.dispatch(kernel, Parameters(), tiles: 100)
            array.download(0..<60, commands)
        }
        #expect((0..<100).allSatisfy { array[$0] == ($0 < 60 ? 2000 : 0) })
        #expect(instance.validationMessages == [])
    }

    @Test func driversTellWhatIsAvailable() throws {
        for found in try instance.devices() {
            let device = try VulkanDevice(DeviceSelector(found.selector), in: instance, cacheDirectory: nil)
            #expect(device.availableBytes > 0)
            if let budget = device.budget {
                #expect(budget > 0 && budget <= found.memoryByteCount)
            } else {
                print("SKIPPED: \(found.name) has no VK_EXT_memory_budget")
            }
        }
        #expect(instance.validationMessages == [])
    }

    /// Adds a thousand to the first elements of the first window, two thousand in the second, and so on.
    private static func marking(windows: Int) -> KernelCode {
        let names = (0..<windows).map { "values_\($0)" }
        let blocks = names.enumerated().map { "layout(std430, binding = \($0)) buffer B\($0) { uint \($1)[]; };\n" }
        let sums = names.enumerated().map { "\($1)[tile] += \(1000 * ($0 + 1));\n" }
        return KernelCode(
            label: "mark", dialect: .glsl,
            source: """
                #version 450
                layout(local_size_x = 1) in;
                \(blocks.joined())
                layout(push_constant) uniform Parameters { uint firstTile; uint tileCount; };
                void main() {
                    for (uint tile = firstTile + gl_WorkGroupID.x; tile < firstTile + tileCount;
                         tile += gl_NumWorkGroups.x) {
                        \(sums.joined())
                    }
                }
                """,
            bindings: [
                KernelBinding(name: "values", access: .readWrite, element: .uint, windows: windows, isTexel: false)
            ],
            parameterCount: 2, groupSize: 1)
    }
}
