import ArgumentParser
import Benchmarks
import Compute
import Foundation
import Kernels
import Quantities
import Reporting

struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels", abstract: "Time every kernel at the shapes of real models.",
        discussion: """
            Figures are medians by the device's clock after warm-up, beside the peaks of arithmetic and copying that were \
            measured on the same device. For drivers of the CPU, figures per core are by the processor time of the process, \
            which other work on the machine changes little. Products of whole numbers are measured where the device \
            prefers them, and where they are asked for with --kernel.
            """)

    @OptionGroup var device: DeviceOption

    @Option(help: "Only this kernel: \(KernelBenchmark.kernels.joined(separator: ", ")).")
    var kernel: String?

    @Option(
        help: """
            Only weights of this format: \(WeightFormat.allCases.map(\.rawValue).joined(separator: ", ")); Q4 is Q4_0 and \
            Q4_1, and so on. May be given several times. Default: \
            \(KernelBenchmark.commonFormats.map(\.rawValue).joined(separator: ", ")).
            """)
    var format: [String] = []

    @Flag(help: "Few shapes of one model, in Q8 and Q4_K.")
    var quick = false

    @Option(help: "Seconds that one shape may take; slower ones are left out.")
    var limit = 10.0

    @Option(help: "Write all figures to this file as JSON.")
    var json: String?

    @Option(help: "Write a page with figures to this file.")
    var html: String?

    func validate() throws {
        if let kernel, !KernelBenchmark.kernels.contains(kernel) {
            throw ValidationError("--kernel is one of \(KernelBenchmark.kernels.joined(separator: ", "))")
        }
        for format in format where WeightFormat(rawValue: format.uppercased()) == nil {
            let names = WeightFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--format \(format): is none of \(names)")
        }
        guard limit > 0 else { throw ValidationError("--limit must be positive") }
    }

    func run() throws {
        let open = try OpenDevice(device.device)
        let progress = Progress("timing")
        var benchmark = KernelBenchmark(
            device: open.device, tuning: open.tuning, kernel: kernel, isQuick: quick, limit: limit)
        if !format.isEmpty { benchmark.formats = format.compactMap { WeightFormat(rawValue: $0.uppercased()) } }
        let report = try benchmark.run(
            version: weftVersion, date: Date.now.formatted(.iso8601)
        ) { progress.show(Double($0) / Double($1)) }
        print(report.table.text)
        for note in report.notes { print(note) }
        if let json { try PlanningInputs.write(report.prettyJSON(), to: json) }
        if let html { try PlanningInputs.write(KernelReportPage(report).html, to: html) }
        try open.checkValidation()
    }
}
