import ArgumentParser
import Benchmarks
import Foundation
import Reporting

/// `weft bench compare`: measured loads side by side.
struct BenchCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Show reports of `weft bench serve` side by side.")

    @Argument(help: "The reports as JSON. They are called by their files' names.")
    var reports: [String]

    @Option(help: "Where to write figures as HTML.")
    var html: String?

    func run() throws {
        let served = try reports.map { path in
            (URL(filePath: path).deletingPathExtension().lastPathComponent, try PlanningInputs.report(path).service)
        }
        let comparison = ServiceComparison(served)
        if let html { try PlanningInputs.write(comparison.page(title: "Measured service").html, to: html) }
        print(comparison.table("report").text, terminator: "")
    }
}
