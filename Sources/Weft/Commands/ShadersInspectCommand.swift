import ArgumentParser
import Foundation
import Kernels
import Reporting
import ShaderInspection

struct ShadersInspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Compile every kernel for GPUs that need not be there.",
        discussion: """
            The kernels of Llama 3.2 1B and 3.1 8B in every weight format but F32 go through the GPUs' own compilers, which \
            tell what became of them: AMD's through Mesa's RADV, NVIDIA's through NVRTC. A target whose compiler is missing \
            is skipped; the status is 1 if it was asked for by name, or if a compiler refuses a kernel.
            """)

    /// Those of a model's pass.
    private static let kernels = ((try? KernelLibrary.sources().keys.sorted()) ?? []).filter { !$0.hasPrefix("probe_") }
    private static let targets = RADVTarget.all.map(\.name) + NVIDIATarget.all.map(\.name)
    private static let cards =
        RADVTarget.all.map { "\($0.name) (\($0.card))" } + NVIDIATarget.all.map { "\($0.name) (\($0.card))" }

    @Option(help: "Only this target, or several by as many options: \(cards.joined(separator: ", ")). Default: all.")
    var target: [String] = []

    @Option(help: "Only this kernel: \(kernels.joined(separator: ", ")).")
    var kernel: String?

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: "Write a page with figures to this file.")
    var html: String?

    /// How the program calls itself, with the environment that the driver reads when it is loaded.
    @Flag(help: .hidden)
    var here = false

    func validate() throws {
        for target in target where !Self.targets.contains(target) {
            throw ValidationError("unknown target '\(target)'; known are \(Self.targets.joined(separator: ", "))")
        }
        if let kernel, !Self.kernels.contains(kernel) {
            throw ValidationError("unknown kernel '\(kernel)'; known are \(Self.kernels.joined(separator: ", "))")
        }
    }

    func run() throws {
        if here { return try inspectHere() }
        let names = target.isEmpty ? Self.targets : target
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let progress = Progress("compiling")
        var report = InspectionReport(targets: [])
        for (index, name) in names.enumerated() {
            progress.show(Double(index) / Double(names.count), name)
            if let radv = RADVTarget.all.first(where: { $0.name == name }) {
                let arguments =
                    ["shaders", "inspect", "--here", "--target", name] + (kernel.map { ["--kernel", $0] } ?? [])
                report.targets.append(radv.inspect(program: program, arguments: arguments))
            } else if let nvidia = NVIDIATarget.all.first(where: { $0.name == name }) {
                report.targets.append(nvidia.inspect(kernel: kernel))
            }
        }
        progress.show(1)
        if !json { for target in report.targets where !target.variants.isEmpty { print(target.table.text) } }
        for target in report.targets {
            // Beside JSON, whatever was not compiled must be seen too.
            if !json {
                print(target.summary)
            } else if target.variants.isEmpty || !target.failures.isEmpty {
                printError(target.summary)
            }
        }
        if json { print(try report.prettyJSON()) }
        if let html { try PlanningInputs.write(report.html, to: html) }
        let isMissed = report.targets.contains { !$0.failures.isEmpty || ($0.skipped != nil && !target.isEmpty) }
        if isMissed { throw ExitCode.failure }
    }

    private func inspectHere() throws {
        guard let radv = RADVTarget.all.first(where: { [$0.name] == target }) else {
            throw ValidationError("--here takes one target of AMD's")
        }
        FileHandle.standardOutput.write(try JSONEncoder().encode(radv.inspectHere(kernel: kernel)))
        // Not `exit`, which closes what RADV cannot close.
        _exit(0)
    }

    private func printError(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
