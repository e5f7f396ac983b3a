import Compute
import Foundation
import Kernels
import ShaderTesting
import Testing

/// The harness must notice every fault that is made on purpose.
struct MutationTests {
    /// A mutant, and which cases and features show it.
    struct Check: Sendable, CustomTestStringConvertible {
        var mutant: Mutant
        var kernel: String
        var fallback: Fallback
        /// A word of the cases that are tried; others would only compile kernels that the fault is not in.
        var option: String?
        var testDescription: String { mutant.description }
    }

    @Test(arguments: TestDevices.fast)
    func everyMutantIsCaught(_ device: TestedDevice) throws {
        try expectAllCaught(Self.checks(on: device.description.api), on: device)
    }

    /// Of the drivers here Debian forky's lavapipe has matrix units: `tools/forky PROGRAM --filter MatrixUnits`, with
    /// the program of the tests.
    @Test(arguments: TestDevices.fast)
    func everyMutantOfMatrixUnitsIsCaught(_ device: TestedDevice) throws {
        guard try device.open(.gpu).limits.matrix != nil else {
            return print("SKIPPED: \(device.description.name) has no matrix units (tools/setup --forky)")
        }
        try expectAllCaught(Self.matrices, on: device)
    }

    private func expectAllCaught(_ checks: [Check], on device: TestedDevice) throws {
        var caught: [String] = []
        for check in checks {
            let sources = try check.mutant.sources()
            let bench = try Workbench(KernelSet(device: device.open(check.fallback), sources: sources))
            let cases = ShaderSuite(kernel: check.kernel, isQuick: true).cases(check.fallback).filter { test in
                check.option.map { test.description.split(separator: " ").contains(Substring($0)) } ?? true
            }
            #expect(!cases.isEmpty, "no case for \(check.mutant)")
            let fault = cases.lazy.compactMap { Self.fault(of: $0, on: bench) }.first
            #expect(fault != nil, "\(check.mutant) was not noticed on \(device.description.name)")
            if let fault { caught.append("\(check.mutant): \(fault)") }
        }
        print("\(device.description.name): \(caught.count) of \(checks.count) mutants caught")
        for line in caught { print("    \(line)") }
    }

    /// All that a driver of Vulkan is to notice. Of OpenCL, which shares the kernels' sources and takes seconds to
    /// compile what that compiles in a tenth of one, one of each kernel and the faults in its own words;
    /// `WEFT_MUTANTS=all` makes it all.
    private static func checks(on api: DeviceAPI) -> [Check] {
        if api == .vulkan { return mutants + wordsOfGLSL }
        if ProcessInfo.processInfo.environment["WEFT_MUTANTS"] == "all" { return mutants + wordsOfOpenCL }
        var known: Set<String> = []
        return mutants.filter { known.insert("\($0.mutant.description.prefix { $0 != ":" })").inserted } + wordsOfOpenCL
    }

    private static func fault(of test: any ShaderCase, on bench: Workbench) -> Fault? {
        do throws(Fault) {
            _ = try test.run(on: bench, times: 3)
            return nil
        } catch {
            // A mutant that does not run at all shows nothing.
            if case .device(let error) = error { Issue.record("\(error)") }
            return error
        }
    }
}
