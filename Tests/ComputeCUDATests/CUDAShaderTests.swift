import CUDADouble
import Compute
import ComputeCUDA
import Kernels
import ShaderTesting
import Testing

/// The kernels of the CUDA dialect, run by the backend on the stand-in.
@Suite(.enabled(if: CUDADouble.isAvailable))
struct CUDAShaderTests {
    private static func tested(_ double: CUDADouble) throws -> TestedDevice {
        let platform = try double.platform()
        return TestedDevice(try platform.devices()[0]) { adjust in
            try CUDADevice(DeviceSelector("cuda"), in: platform, cacheDirectory: CUDADouble.kernels, limits: adjust)
        }
    }

    @Test func selfTestPasses() throws {
        let double = try CUDADouble()
        do {
            let device = try Self.tested(double)
            try SelfTest.run(KernelSet(device: device.open()))
        }
        #expect(double.leftovers == [:])
    }

    /// A part of what `weft shaders test --quick` runs: every fourth case, with weights of one format. Compiling all of
    /// its kernels for the CPU takes minutes; `docs/cuda.md` says how.
    @Test(arguments: ShaderSuite.kernels)
    func kernelsAgreeWithTheReference(_ kernel: String) throws {
        try check(kernel, .none, every: 4)
    }

    /// Sums over groups through shared memory, and buffers that are seen through several windows.
    @Test(arguments: [("norm", Fallback.noSubgroups), ("route", .smallGPU), ("embed", .smallBindings)])
    func fallbacksAgreeToo(_ kernel: String, _ fallback: Fallback) throws {
        try check(kernel, fallback, every: 1)
    }

    private func check(_ kernel: String, _ fallback: Fallback, every step: Int) throws {
        let double = try CUDADouble()
        do {
            let bench = try Workbench(KernelSet(device: Self.tested(double).open(fallback)))
            let cases = ShaderSuite(kernel: kernel, isQuick: true, formats: [.q4]).cases(fallback)
            #expect(!cases.isEmpty)
            for place in stride(from: 0, to: cases.count, by: step) {
                do throws(Fault) {
                    _ = try cases[place].run(on: bench, times: 2)
                } catch {
                    Issue.record("\(cases[place].description): \(error)")
                }
            }
        }
        #expect(double.leftovers == [:])
    }
}
