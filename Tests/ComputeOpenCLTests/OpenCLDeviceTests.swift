import Compute
import ComputeOpenCL
import Foundation
import Testing

struct OpenCLDeviceTests {
    @Test func devicesAreFoundByNameAndIndex() throws {
        let platforms = try OpenCLPlatforms()
        let devices = try platforms.devices()
        let first = try #require(devices.first)
        #expect(devices.map(\.index) == Array(devices.indices))
        let part = String(first.name.prefix(7)).uppercased()
        for text in ["opencl", "opencl:0", "opencl:\(part)"] {
            let device = try OpenCLDevice(DeviceSelector(text), in: platforms, cacheDirectory: nil)
            #expect(device.description == first)
            #expect(device.dialect == .openCL)
            #expect(device.limits.maxBindings >= 6)
        }
        #expect(throws: ComputeError.noSuchDevice("opencl:none", available: devices.map(\.name))) {
            try OpenCLDevice(DeviceSelector("opencl:none"), in: platforms, cacheDirectory: nil)
        }
    }

    @Test(arguments: [BufferAccess.device, .host])
    func buffersKeepBytes(_ access: BufferAccess) throws {
        let device = try Scaling.device(cacheDirectory: nil)
        let buffer = try device.makeBuffer(byteCount: 1001, access: access, label: "bytes")
        let bytes = (0..<1001).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try buffer.write(Array(bytes[3...]), at: 3)
        #expect(try buffer.read(998, of: UInt8.self, at: 3) == Array(bytes[3...]))
        #expect((buffer.contents != nil) == (access == .host))
        #expect(throws: ComputeError.self) {
            try device.makeBuffer(byteCount: device.limits.maxAllocationSize + 1, access: access, label: "huge")
        }
    }

    @Test func dispatchesRunInOrder() throws {
        let device = try Scaling.device(cacheDirectory: nil)
        let buffer = try device.makeBuffer(byteCount: 4 * 100, access: .host, label: "values")
        try buffer.write([Float](repeating: 1, count: 100))
        let kernel = try device.makeKernel(Scaling.code()).bind([buffer])
        let seconds = try device.makeLane(label: "test").run {
            for factor in [Float(2), 3, 5] {
                var parameters = Parameters()
                parameters.append(factor)
                $0.dispatch(kernel, parameters, tiles: 10..<90)
            }
        }
        let expected = (0..<100).map { 10..<90 ~= $0 ? Float(30) : 1 }
        #expect(try buffer.read(100, of: Float.self) == expected)
        #expect(try #require(seconds) > 0)
    }

    @Test func buildLogIsShown() throws {
        let device = try Scaling.device(cacheDirectory: nil)
        #expect {
            try device.makeKernel(Scaling.code(body: "values[TILE] *= missing_factor;"))
        } throws: {
            guard case .compilation(device.description.name, "scale", let log)? = $0 as? ComputeError else {
                return false
            }
            return log.contains("missing_factor")
        }
    }

    @Test func foreignArgumentsAreRefused() throws {
        let device = try Scaling.device(cacheDirectory: nil)
        let other = try Scaling.device(cacheDirectory: nil)
        let kernel = try device.makeKernel(Scaling.code())
        let buffer = try other.makeBuffer(byteCount: 16, access: .device, label: "foreign")
        #expect(throws: ComputeError.self) { try kernel.bind([buffer]) }
        #expect(throws: ComputeError.self) { try kernel.bind([]) }
        var code = Scaling.code()
        code.dialect = .glsl
        #expect(throws: ComputeError.self) { try device.makeKernel(code) }
    }

    /// A second device takes the binary from the cache; a damaged one is built and kept again. What is not asked for is
    /// not kept: PoCL compiles anew for it.
    @Test func binariesAreKept() throws {
        let folder = NSTemporaryDirectory() + "weft-opencl-cache-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var damaged: Data?
        for round in 0..<3 {
            let device = try Scaling.device(cacheDirectory: folder)
            let buffer = try device.makeBuffer(byteCount: 16, access: .host, label: "values")
            try buffer.write([1, 2, 3, 4] as [Float])
            let made = try device.makeKernel(Scaling.code())
            let before = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(before.count == (round == 0 ? 0 : 1))
            made.keep()
            let kernel = try made.bind([buffer])
            var parameters = Parameters()
            parameters.append(Float(round + 1))
            try device.makeLane(label: "test").run { $0.dispatch(kernel, parameters, tiles: 4) }
            #expect(try buffer.read(4, of: Float.self) == [1, 2, 3, 4].map { $0 * Float(round + 1) })
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count == 1)
            let file = URL(fileURLWithPath: "\(folder)/\(try #require(files.first))")
            var binary = try Data(contentsOf: file)
            #expect(binary != damaged)
            if round == 1 {
                binary[binary.count / 2] ^= 0xff
                damaged = binary
                try binary.write(to: file)
                chmod(file.path, 0o600)
            }
        }
    }
}

/// A kernel that scales values, written by hand.
private enum Scaling {
    static func device(cacheDirectory: String?) throws -> OpenCLDevice {
        try OpenCLDevice(DeviceSelector("opencl"), in: OpenCLPlatforms(), cacheDirectory: cacheDirectory)
    }

    static func code(body: String = "values[TILE] *= factor;") -> KernelCode {
        KernelCode(
            label: "scale", dialect: .openCL,
            source: """
                __kernel void entry(__global float* values, float factor, uint firstTile, uint tileCount) {
                    for (uint TILE = firstTile + get_group_id(0); TILE < firstTile + tileCount; TILE += get_num_groups(0))
                        \(body)
                }
                """,
            bindings: [
                KernelBinding(name: "values", access: .readWrite, element: .float, windows: 1, isTexel: false)
            ], parameterCount: 3, groupSize: 1)
    }
}
