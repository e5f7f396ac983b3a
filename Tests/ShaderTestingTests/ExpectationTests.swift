import Compute
import Kernels
import ShaderTesting
import Testing

struct ExpectationTests {
    private static let example = """
        [{ "api": "vulkan", "device": "Example", "driver": "1.2", "kernel": "matmul", "options": ["Q4", "RESIDUAL"],
           "reason": "an example: the driver loses the low nibble" }]
        """

    private static func device(
        _ name: String = "ACME Example 9000", driver: String = "1.2.7", api: DeviceAPI = .vulkan
    ) -> DeviceDescription {
        DeviceDescription(api: api, index: 0, name: name, kind: .discrete, driver: driver, memoryByteCount: 0)
    }

    @Test func coversWhatItNames() throws {
        let expectation = try #require(try Expectation.decode(Array(Self.example.utf8)).first)
        func covers(
            _ device: DeviceDescription, kernel: String = "matmul", fallback: Fallback = .none,
            text: String = "Q4 RESIDUAL 1 rows"
        ) -> Bool {
            expectation.covers(device, kernel: kernel, fallback: fallback, case: text)
        }
        #expect(covers(Self.device()))
        #expect(covers(Self.device(), fallback: .noTexels))
        #expect(!covers(Self.device("Another")))
        #expect(!covers(Self.device(driver: "1.3")))
        #expect(!covers(Self.device(api: .opencl)))
        #expect(!covers(Self.device(), kernel: "embed"))
        #expect(!covers(Self.device(), text: "Q4 NONE 1 rows"))
        var ofFallback = expectation
        ofFallback.options = [Fallback.noTexels.rawValue]
        ofFallback.driver = nil
        #expect(ofFallback.covers(Self.device(driver: "2"), kernel: "matmul", fallback: .noTexels, case: "Q8"))
        #expect(!ofFallback.covers(Self.device(), kernel: "matmul", fallback: .none, case: "Q8"))
    }

    @Test func theListIsSound() throws {
        for expectation in try Expectation.known() {
            #expect(ShaderSuite.kernels.contains(expectation.kernel))
            #expect(expectation.reason.count > 20, "a reason says what is wrong and where that is told")
        }
    }

    /// A broken kernel stands for a driver with a fault.
    @Test(arguments: TestDevices.fast)
    func expectedFailuresAreNoFailures(_ device: TestedDevice) throws {
        let broken = Mutant(
            "no epsilon", in: .kernel("norm"), replacing: "+ epsilon", with: "+ 2.0 * epsilon")
        let expectation = Expectation(
            api: device.description.api, device: device.description.name, kernel: "norm",
            reason: "made by this test")
        let suite = ShaderSuite(kernel: "norm", isQuick: true)

        var expecting = DeviceTest(
            device, suite: suite, expectations: [expectation], sources: try broken.sources())
        let report = try #require(expecting.run().kernels.first)
        #expect(report.failures.isEmpty)
        #expect(report.expectedFailures.first?.reason == "made by this test")
        // Where numbers are large, epsilon does not matter.
        #expect(!report.unexpectedPasses.isEmpty)
        #expect(report.expectedFailures.count + report.unexpectedPasses.count == report.cases)

        var surprised = DeviceTest(device, suite: suite, expectations: [], sources: try broken.sources())
        let surprise = surprised.run()
        #expect(!surprise.hasPassed)
        #expect(surprise.kernels.first?.failures.first?.smallest?.hasPrefix("1 rows of 4") == true)
    }
}
