import ArgumentParser
import Benchmarks
import Compute
import Foundation
import Quantities
import Reporting

struct BenchKernelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kernels", abstract: "Time every kernel at the shapes of real models.",
        discussion: """
            Figures are medians by the device's clock after warm-up, beside the peaks of arithmetic and copying that were \
            measured on the same device. For drivers of the CPU, figures per core are by the processor time of the process, \
            which other work on the machine changes little.
            """)

    @OptionGroup var device: DeviceOption

    @Option(help: "Only this kernel: \(KernelBenchmark.kernels.joined(separator: ", ")).")
    var kernel: String?

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
        guard limit > 0 else { throw ValidationError("--limit must be positive") }
    }

    func run() throws {
        let open = try OpenDevice(device.device)
        let progress = Progress("timing")
        let report = try KernelBenchmark(device: open.device, kernel: kernel, limit: limit).run(
            version: weftVersion, date: Date.now.formatted(.iso8601)
        ) { progress.show(Double($0) / Double($1)) }
        print(report.table.text)
        for note in report.notes { print(note) }
        if let json { try write(report.prettyJSON(), to: json) }
        if let html { try write(KernelReportPage(report).html, to: html) }
        try open.checkValidation()
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw CommandError("cannot write \(path): \(error.localizedDescription)")
        }
    }
}
