import Compute
import Foundation
import ShaderTesting

/// A device's report as a table for people.
struct ShaderTable {
    private let report: DeviceReport

    init(_ report: DeviceReport) { self.report = report }

    var text: String {
        var lines = ["\(report.device.selector)  \(report.device.name)"]
        lines.append(Self.line("kernel", ["cases", "max abs", "NMSE", "ULP", "of bound", "seconds"]))
        for kernel in report.kernels {
            let accuracy = kernel.accuracy
            lines.append(
                Self.line(
                    kernel.kernel,
                    [
                        "\(kernel.cases)", Self.power(accuracy.maxAbsolute), Self.power(accuracy.nmse),
                        Self.plain(accuracy.ulps), "\(Self.plain(100 * accuracy.ofBound)) %",
                        Self.plain(kernel.seconds),
                    ]))
        }
        if let fault = report.fault { lines.append("FAILED \(fault)") }
        for kernel in report.kernels { lines += findings(kernel) }
        lines.append(report.hasPassed ? "passed" : "FAILED")
        return lines.joined(separator: "\n") + "\n"
    }

    private func findings(_ kernel: KernelReport) -> [String] {
        var lines: [String] = []
        for failure in kernel.failures {
            lines.append("FAILED \(kernel.kernel) \(failure.shaderCase) (\(failure.fallback.rawValue))")
            lines.append("    \(failure.fault)")
            if let smallest = failure.smallest { lines.append("    smallest: \(smallest)") }
        }
        for failure in kernel.expectedFailures {
            lines.append("expected \(kernel.kernel) \(failure.shaderCase): \(failure.reason ?? "")")
        }
        for passed in kernel.unexpectedPasses { lines.append("unexpectedly passes: \(kernel.kernel) \(passed)") }
        return lines
    }

    private static func line(_ name: String, _ columns: [String]) -> String {
        "  " + name.padding(toLength: 12, withPad: " ", startingAt: 0)
            + columns.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }

    private static func power(_ value: Double) -> String { String(format: "%.1e", value) }

    private static func plain(_ value: Double) -> String { String(format: "%.1f", value) }
}
