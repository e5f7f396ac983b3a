import Compute
package import Kernels

/// Runs a suite on one device, with everything switched on and with each feature switched off.
package struct DeviceTest {
    private let device: TestedDevice
    private let suite: ShaderSuite
    private let expectations: [Expectation]
    private let sources: KernelSources?
    private let fallbacks: [Fallback]
    private var report: DeviceReport

    /// - Parameters:
    ///   - expectations: faults of the driver that are known.
    ///   - sources: the library's own, or kernels that were changed.
    ///   - fallbacks: all that make a difference to the device, where it is not said.
    package init(
        _ device: TestedDevice, suite: ShaderSuite, expectations: [Expectation], sources: KernelSources? = nil,
        fallbacks: [Fallback]? = nil
    ) {
        self.sources = sources
        self.fallbacks = fallbacks ?? Fallback.cases(for: device.description.api)
        self.device = device
        self.suite = suite
        self.expectations = expectations
        report = DeviceReport(device: device.description)
    }

    /// - Parameter progress: is told which share of the cases is done, and what comes next.
    package mutating func run(progress: (Double, String) -> Void = { _, _ in }) -> DeviceReport {
        let parts = fallbacks.map { ($0, suite.cases($0)) }
        let count = parts.reduce(0) { $0 + $1.1.count }
        var done = 0
        for (fallback, cases) in parts where !cases.isEmpty {
            do {
                let bench = try Workbench(KernelSet(device: device.open(fallback), sources: sources))
                for test in cases {
                    progress(Double(done) / Double(count), "\(device.description.selector) \(test.kernel)")
                    run(test, fallback, on: bench)
                    done += 1
                }
            } catch {
                report.fault = "\(fallback.rawValue): \(error)"
            }
        }
        progress(1, device.description.selector)
        return report
    }

    private mutating func run(_ test: some ShaderCase, _ fallback: Fallback, on bench: Workbench) {
        let kernel = test.kernel
        let expectation = expectations.first {
            $0.covers(device.description, kernel: kernel, fallback: fallback, case: test.description)
        }
        var entry = report[kernel]
        entry.cases += 1
        let clock = ContinuousClock()
        let start = clock.now
        do throws(Fault) {
            entry.accuracy.merge(try test.run(on: bench, times: suite.times))
            if expectation != nil { entry.unexpectedPasses.append("\(test.description) (\(fallback.rawValue))") }
        } catch {
            var failure = CaseFailure(shaderCase: test.description, fallback: fallback, fault: error.description)
            if let expectation {
                failure.reason = expectation.reason
                entry.expectedFailures.append(failure)
            } else {
                // One small case a kernel is enough to look into.
                if entry.failures.isEmpty { failure.smallest = smallest(failing: test, on: bench) }
                entry.failures.append(failure)
            }
        }
        entry.seconds += (clock.now - start) / .seconds(1)
        report[kernel] = entry
    }

    private func smallest<Case: ShaderCase>(failing test: Case, on bench: Workbench) -> String? {
        func fault(_ test: Case) -> Fault? {
            do throws(Fault) {
                _ = try test.run(on: bench, times: suite.times)
                return nil
            } catch { return error }
        }
        let smallest = Shrinking().smallest(failing: test, smaller: \.smaller) { fault($0) != nil }
        return fault(smallest).map { "\(smallest.description): \($0)" }
    }
}
