import CUDADouble
import Compute
import ComputeCUDA
import Foundation
import Testing

@Suite(.enabled(if: CUDADouble.isAvailable))
struct CUDACompilerTests {
    private func folder() -> String { NSTemporaryDirectory() + "weft-cuda-cache-\(UUID().uuidString)" }

    private func run(_ double: CUDADouble, cache: String, hasCompiler: Bool = true, _ factor: Float = 3) throws {
        let platform = try double.platform(hasCompiler: hasCompiler)
        let device = try CUDADevice(DeviceSelector("cuda"), in: platform, cacheDirectory: cache)
        let buffer = try device.makeBuffer(byteCount: 16, access: .host, label: "values")
        try buffer.write([1, 2, 3, 4] as [Float])
        let kernel = try device.makeKernel(Scaling.code()).bind([buffer])
        try device.makeLane(label: "test").run { $0.dispatch(kernel, Scaling.parameters(factor), tiles: 4) }
        #expect(try buffer.read(4, of: Float.self) == [1, 2, 3, 4].map { $0 * factor })
    }

    @Test func theCompilersLogIsShown() throws {
        let device = try Scaling.device(in: CUDADouble())
        #expect {
            try device.makeKernel(Scaling.code(body: "values[tile] *= missing_factor;"))
        } throws: {
            guard case .compilation(device.description.name, "scale", let log)? = $0 as? ComputeError else {
                return false
            }
            return log.contains("missing_factor") && log.contains("kernel.cu")
        }
    }

    /// What was compiled once needs no compiler, unless its file is damaged.
    @Test func aFilledCacheNeedsNoCompiler() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let double = try CUDADouble()
        #expect { try run(double, cache: folder, hasCompiler: false) } throws: {
            "\($0)".contains("kernel scale must be compiled") && "\($0)".contains("WEFT_NVRTC")
        }
        try run(double, cache: folder)
        try run(double, cache: folder, hasCompiler: false, 5)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(Set(files.map { $0.suffix(6) }) == [".cubin", "ersion"] && files.count == 2)
        let file = URL(filePath: "\(folder)/\(try #require(files.first { $0.hasSuffix(".cubin") }))")
        var code = try Data(contentsOf: file)
        code[code.count / 2] ^= 0xff
        try code.write(to: file)
        chmod(file.path, 0o600)
        #expect(throws: ComputeError.self) { try run(double, cache: folder, hasCompiler: false) }
        try run(double, cache: folder, 7)
        try run(double, cache: folder, hasCompiler: false, 9)
    }

    /// Machine code is for one architecture; another's is not taken for it.
    @Test func architecturesAreKeptApart() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try run(CUDADouble(["capability": 90]), cache: folder)
        try run(CUDADouble(["capability": 80]), cache: folder)
        #expect(throws: ComputeError.self) {
            try run(CUDADouble(["capability": 86]), cache: folder, hasCompiler: false)
        }
    }

    /// A device that is newer than the compiler gets PTX of the newest that it knows.
    @Test func newDevicesGetPTX() throws {
        let folder = folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let double = try CUDADouble(["capability": 120])
        try run(double, cache: folder)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".cubin") }
        let code = try Data(contentsOf: URL(filePath: "\(folder)/\(try #require(files.first))"))
        #expect(String(decoding: code, as: UTF8.self).contains("//compute_90"))
        try run(double, cache: folder, hasCompiler: false)
    }

    @Test func codeThatTheDriverRefusesIsACompilationError() throws {
        let double = try CUDADouble()
        let device = try Scaling.device(in: double)
        double.fail("cuLibraryLoadData", 209)
        #expect {
            try device.makeKernel(Scaling.code())
        } throws: {
            if case .compilation(_, "scale", let log)? = $0 as? ComputeError { log.contains("209") } else { false }
        }
    }
}
