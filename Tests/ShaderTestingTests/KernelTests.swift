import Compute
import Kernels
import ShaderTesting
import Testing

/// Every kernel on every device, as `weft shaders test` runs it.
struct KernelTests {
    @Test func devicesAreFound() {
        TestDevices.reportMissing()
        #expect(!TestDevices.found.isEmpty, "there is no device to test kernels on")
    }

    @Test(arguments: TestDevices.found)
    func quickSubsetPasses(_ device: TestedDevice) throws {
        var test = DeviceTest(
            device, suite: TestDevices.suite(for: device), expectations: try Expectation.known(),
            fallbacks: TestDevices.fallbacks(for: device))
        let report = test.run()
        #expect(report.fault == nil)
        #expect(report.kernels.map(\.kernel) == ShaderSuite.kernels)
        for kernel in report.kernels {
            #expect(kernel.failures == [], "\(kernel.kernel)")
            #expect(kernel.unexpectedPasses == [], "\(kernel.kernel)")
        }
        TestDevices.expectNoMessages()
    }

    @Test(arguments: TestDevices.fast)
    func selfTestPasses(_ device: TestedDevice) throws {
        try SelfTest.run(KernelSet(device: device.open()))
        let clock = ContinuousClock()
        let time = try clock.measure { try SelfTest.run(KernelSet(device: device.open())) }
        print("self-test of \(device.description.name): \(time)")
        TestDevices.expectNoMessages()
    }

    /// By which the faster way to a GPU is chosen; here through OpenCL alone, where it takes no longer than there.
    @Test(arguments: TestDevices.fast.filter { $0.description.api == .opencl })
    func theSelfTestMeasures(_ device: TestedDevice) throws {
        let seconds = try SelfTest.seconds(KernelSet(device: device.open()))
        #expect(seconds > 0 && seconds.isFinite)
        print("measured self-test of \(device.description.name): \(seconds) s")
    }

    @Test(arguments: TestDevices.fast)
    func selfTestRefusesAWrongDevice(_ device: TestedDevice) throws {
        let mutant = try #require(MutationTests.mutants.first { $0.mutant.description == "attention: wrong scale" })
        let kernels = try KernelSet(device: device.open(), sources: mutant.mutant.sources())
        let error = #expect(throws: SelfTestError.self) { try SelfTest.run(kernels) }
        #expect(error?.kernel == "attention")
        #expect(error?.description.contains(device.description.name) == true)
        #expect(error?.fault.contains("instead of") == true)
    }

    /// Dot products that a driver gets wrong are done without; right ones are kept.
    @Test(arguments: TestDevices.fast)
    func wrongUnitsAreNoticed(_ device: TestedDevice) throws {
        guard device.description.api == .vulkan else { return }
        func kernels(_ sources: KernelSources?) throws -> KernelSet {
            let real = try device.open(.gpu)
            var limits = real.limits
            limits.prefersIntegerProducts = true
            return try KernelSet(device: real, limits: limits, sources: sources)
        }
        #expect(SelfTest.faultOfUnits(try kernels(nil)) == nil)
        let mutant = try #require(
            MutationTests.wordsOfGLSL.first { $0.mutant.description.contains("beyond 127 with a sign") })
        let fault = SelfTest.faultOfUnits(try kernels(mutant.mutant.sources()))
        #expect(fault?.kernel == "matmul_bytes" && fault?.fault.contains("instead of") == true)
        // A device that acts as a CPU, or has no such units, is not asked.
        #expect(SelfTest.faultOfUnits(try KernelSet(device: device.open())) == nil)
    }
}
