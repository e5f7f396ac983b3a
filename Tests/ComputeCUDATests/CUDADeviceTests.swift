import CUDADouble
import Compute
import ComputeCUDA
import Foundation
import Testing

/// The backend over a stand-in for NVIDIA's driver.
@Suite(.enabled(if: CUDADouble.isAvailable))
struct CUDADeviceTests {
    @Test func devicesAreFoundByNameAndIndex() throws {
        let platform = try CUDADouble(["devices": 2]).platform()
        let devices = try platform.devices()
        #expect(devices.map(\.name) == ["CUDA on the CPU 0", "CUDA on the CPU 1"])
        #expect(devices.map(\.selector) == ["cuda:0", "cuda:1"] && devices.allSatisfy(\.isGPU))
        #expect(devices[0].driver == "NVIDIA CUDA 12.9" && devices[0].memoryByteCount == 4096 << 20)
        for (text, index) in [("cuda", 0), ("cuda:1", 1), ("cuda:cpu 1", 1)] {
            let device = try CUDADevice(DeviceSelector(text), in: platform, cacheDirectory: nil)
            #expect(device.description == devices[index])
            #expect(device.dialect == .cuda)
        }
        #expect(throws: ComputeError.noSuchDevice("cuda:none", available: devices.map(\.name))) {
            try CUDADevice(DeviceSelector("cuda:none"), in: platform, cacheDirectory: nil)
        }
        let found = try platform.probe()
        #expect(found[0].uuid == (0..<16).map { UInt8($0) })
        // The same device through Vulkan is the same device.
        var throughVulkan = found[0]
        (throughVulkan.description.api, throughVulkan.description.index) = (.vulkan, 3)
        let inventory = DeviceInventory(found + [throughVulkan])
        #expect(inventory.devices.map { $0.ways.map(\.selector) } == [["vulkan:3", "cuda:0"], ["cuda:1"]])
    }

    @Test func whatTheDriverTellsIsTaken() throws {
        let device = try Scaling.device(
            in: CUDADouble(["capability": 80, "multiprocessors": 108, "clock": 1_215_000, "bus": 5120]))
        #expect(device.facts.computeUnits == 108 && device.facts.subgroupsPerUnit == 64)
        #expect(abs(device.facts.bandwidth - 1555.2e9) < 1e6)
        let limits = device.limits
        #expect(limits.subgroupSize == 32 && limits.vectorWidth == 4 && limits.sharedMemoryBytes == 48 << 10)
        #expect(limits.maxGroupSize == 1024 && limits.computeUnits == 27)
        #expect(!limits.importsHostMemory && !limits.seesDeviceMemory)
        let inOne = try Scaling.device(in: CUDADouble(["integrated": 1]))
        #expect(inOne.description.kind == .integrated)
        #expect(inOne.limits.importsHostMemory && inOne.limits.seesDeviceMemory)
    }

    @Test(arguments: [BufferAccess.device, .upload, .download, .host], [0, 1])
    func buffersKeepBytes(_ access: BufferAccess, integrated: Int) throws {
        let double = try CUDADouble(["integrated": integrated])
        do {
            let device = try Scaling.device(in: double)
            // More than what is copied at once, and not whole pieces.
            let count = access == .device ? (17 << 20) + 1001 : 1001
            let buffer = try device.makeBuffer(byteCount: count, access: access, label: "bytes")
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 >> 16) }
            try buffer.write(Array(bytes[3...]), at: 3)
            #expect(try buffer.read(count - 3, of: UInt8.self, at: 3) == Array(bytes[3...]))
            #expect((buffer.contents != nil) == (access != .device))
            try buffer.write([UInt8](), at: count)
            #expect(try buffer.read(0, of: UInt8.self, at: count) == [])
        }
        #expect(double.leftovers == [:])
    }

    @Test func dispatchesRunInOrder() throws {
        let double = try CUDADouble()
        do {
            let device = try Scaling.device(in: double)
            let buffer = try device.makeBuffer(byteCount: 4 * 100, access: .device, label: "values")
            try buffer.write([Float](repeating: 1, count: 100))
            let kernel = try device.makeKernel(Scaling.code()).bind([buffer])
            let lane = try device.makeLane(label: "test")
            let before = double.count("synchronisations")
            let seconds = try lane.run { commands in
                for factor in [Float(2), 3, 5] {
                    commands.dispatch(kernel, Scaling.parameters(factor), tiles: 10..<90)
                }
                commands.dispatch(kernel, Scaling.parameters(7), tiles: 0..<0)
            }
            #expect(double.count("synchronisations") == before + 1 && double.count("launches") == 3)
            #expect(try buffer.read(100, of: Float.self) == (0..<100).map { 10..<90 ~= $0 ? Float(30) : 1 })
            #expect(try #require(seconds) > 0)
            #expect(try lane.run { _ in } == 0)
            try lane.run { $0.touch(kernel) }
            #expect(double.count("launches") == 4)
        }
        #expect(double.leftovers == [:])
    }

    /// What the host wrote is there for a pass that uploads it, and what the device wrote for who downloads it.
    @Test(arguments: [0, 1])
    func passesCopyWhatTheyAreTold(integrated: Int) throws {
        let device = try Scaling.device(in: CUDADouble(["integrated": integrated]))
        let input = try HostArray(Float.self, count: 64, access: .upload, label: "input", on: device)
        let output = try HostArray(Float.self, count: 64, access: .download, label: "output", on: device)
        let scale = try device.makeKernel(Scaling.code()).bind([input.buffer])
        let copy = try device.makeKernel(Scaling.copy).bind([input.buffer, output.buffer])
        let lane = try device.makeLane(label: "test")
        for round in 0..<3 {
            for place in 0..<64 { input[place] = Float(100 * round + place) }
            try lane.run { commands in
                input.upload(0..<64, commands)
                commands.dispatch(scale, Scaling.parameters(2), tiles: 64)
                commands.dispatch(copy, Parameters(), tiles: 64)
                output.download(8..<24, commands)
            }
            #expect((8..<24).map { output[$0] } == (8..<24).map { Float(2 * (100 * round + $0)) })
        }
    }

    /// A buffer that is seen through windows, which kernels for other APIs need.
    @Test func windowsAreAddresses() throws {
        let platform = try CUDADouble().platform()
        let device = try CUDADevice(DeviceSelector("cuda"), in: platform, cacheDirectory: CUDADouble.kernels) {
            $0.maxBindingSize = 1 << 14
        }
        let buffer = try device.makeBuffer(byteCount: 3 << 14, access: .device, label: "values")
        try buffer.write((0..<3 << 12).map { Float($0) })
        var code = Scaling.copy
        code.bindings.removeLast()
        code.bindings[0].windows = 3
        code.source = code.source.replacing("values, float* copies", with: "unused, float* values, float* copies")
        let kernel = try device.makeKernel(code).bind([buffer])
        try device.makeLane(label: "test").run { $0.dispatch(kernel, Parameters(), tiles: 1 << 12) }
        let values = try buffer.read(3 << 12, of: Float.self)
        #expect(values[1 << 12..<2 << 12] == values[2 << 12..<3 << 12] && values[5000] == 5000)
    }

    @Test func memoryOfTheHostIsNotCopied() throws {
        let double = try CUDADouble(["integrated": 1])
        do {
            let device = try Scaling.device(in: double)
            let memory = try HostMemory(byteCount: 3 * HostMemory.alignment)
            let range = HostMemory.alignment..<HostMemory.alignment + 400
            let buffer = try device.makeBuffer(over: memory, range, label: "part")
            #expect(buffer.contents?.baseAddress == memory.bytes.baseAddress.map { $0 + HostMemory.alignment })
            try buffer.write([Float](repeating: 3, count: 100))
            let kernel = try device.makeKernel(Scaling.code()).bind([buffer])
            try device.makeLane(label: "test").run { $0.dispatch(kernel, Scaling.parameters(2), tiles: 100) }
            let values = memory.bytes.bindMemory(to: Float.self)
            #expect(values[1023] == 0 && values[1024] == 6 && values[1123] == 6 && values[1124] == 0)
        }
        #expect(double.leftovers == [:])
        let apart = try Scaling.device(in: CUDADouble())
        #expect(throws: ComputeError.self) {
            try apart.makeBuffer(over: HostMemory(byteCount: 4096), 0..<4096, label: "part")
        }
    }

    @Test func foreignArgumentsAreRefused() throws {
        let device = try Scaling.device(in: CUDADouble()), other = try Scaling.device(in: CUDADouble())
        let kernel = try device.makeKernel(Scaling.code())
        let buffer = try other.makeBuffer(byteCount: 16, access: .device, label: "foreign")
        #expect(throws: ComputeError.self) { try kernel.bind([buffer]) }
        #expect(throws: ComputeError.self) { try kernel.bind([]) }
        var code = Scaling.code()
        code.dialect = .glsl
        #expect(throws: ComputeError.self) { try device.makeKernel(code) }
    }

    @Test func whatCannotBeUsedSaysWhy() throws {
        #expect { try CUDAPlatform(library: "/nowhere/libcuda.so") } throws: {
            "\($0)".contains("/nowhere/libcuda.so cannot be opened") && "\($0)".contains("WEFT_LIBCUDA")
        }
        #expect { try CUDADouble(["devices": 0]).platform() } throws: { "\($0)".contains("no CUDA-capable device") }
        #expect { try Scaling.device(in: CUDADouble(["prohibited": 1])) } throws: { "\($0)".contains("compute mode") }
        #expect { try Scaling.device(in: CUDADouble(["capability": 52])) } throws: { "\($0)".contains("6.1") }
        #expect { try Scaling.device(in: CUDADouble(["capability": 61])) } throws: {
            "\($0)".contains("sm_75 and later")
        }
    }

    /// Only a device whose driver ends what takes long has its work sliced.
    @Test(arguments: [0, 1])
    func lanesAreSlicedWhereThereIsAWatchdog(watchdog: Int) throws {
        let double = try CUDADouble(["watchdog": watchdog])
        let device = try Scaling.device(in: double)
        let buffer = try device.makeBuffer(byteCount: 4 * 100, access: .device, label: "values")
        let kernel = try device.makeKernel(Scaling.code()).bind([buffer])
        try device.makeLane(label: "test").run { commands in
            for _ in 0..<3 { commands.dispatch(kernel, Scaling.parameters(1), tiles: 100) }
        }
        #expect((double.count("launches") > 3) == (watchdog == 1))
    }
}

/// Kernels that scale and copy values, written by hand.
enum Scaling {
    static func device(in double: CUDADouble) throws -> CUDADevice {
        try CUDADevice(DeviceSelector("cuda"), in: double.platform(), cacheDirectory: CUDADouble.kernels)
    }

    static func parameters(_ factor: Float) -> Parameters {
        var parameters = Parameters()
        parameters.append(factor)
        return parameters
    }

    static func code(body: String = "values[tile] *= factor;") -> KernelCode {
        code("scale", "float* values, float factor", body, buffers: ["values"], parameters: 3)
    }

    static let copy = code(
        "copy", "float* values, float* copies", "copies[tile] = values[tile];", buffers: ["values", "copies"],
        parameters: 2)

    private static func code(
        _ label: String, _ arguments: String, _ body: String, buffers: [String], parameters: Int
    ) -> KernelCode {
        KernelCode(
            label: label, dialect: .cuda,
            source: """
                extern "C" __global__ void entry(\(arguments), unsigned firstTile, unsigned tileCount) {
                    unsigned end = firstTile + tileCount;
                    for (unsigned tile = firstTile + blockIdx.x; tile < end; tile += gridDim.x) \(body)
                }
                """,
            bindings: buffers.map {
                KernelBinding(name: $0, access: .readWrite, element: .float, windows: 1, isTexel: false)
            }, parameterCount: parameters, groupSize: 1)
    }
}
