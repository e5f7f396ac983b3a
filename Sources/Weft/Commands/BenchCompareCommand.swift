import ArgumentParser
import Benchmarks
import Foundation

/// `weft bench compare`: what was measured, side by side.
struct BenchCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Show reports of `weft bench serve`, `weft bench kernels` or `tools/bench-device` side by side.",
        discussion:
            "All are of one kind. They are called by their files' names, or by their paths where names are equal.")

    @Argument(help: "The reports as JSON.")
    var reports: [String]

    @Option(help: "Where to write figures as HTML.")
    var html: String?

    func run() throws {
        let paths = reports.map { URL(filePath: $0).deletingPathExtension() }
        let names = paths.map(\.lastPathComponent)
        let areDistinct = Set(names).count == names.count
        let saved = try SavedBenchmarks(
            reports.indices.map { index in
                let path = reports[index]
                return (areDistinct ? names[index] : path, path, try PlanningInputs.text(path))
            })
        if let html { try PlanningInputs.write(saved.html, to: html) }
        print(saved.text, terminator: "")
    }
}
