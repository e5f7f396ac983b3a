import ArgumentParser
import Benchmarks
import Foundation
import Reporting

/// `weft bench join`: the stages of `tools/bench-device` as one report.
struct BenchJoinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Make one report of what `tools/bench-device` left in a folder.",
        discussion: "The exit status is 1 where a stage failed or took too long.")

    @Argument(help: "The folder, with stages.tsv in it.")
    var folder: String

    @Option(help: "Where to write the report as JSON.")
    var json: String

    @Option(help: "Where to write it as a page.")
    var html: String?

    func run() throws {
        let benchmark = try DeviceBenchmark(
            folder: folder, version: weftVersion, date: Date.now.formatted(.iso8601))
        try PlanningInputs.write(try benchmark.prettyJSON() + "\n", to: json)
        if let html { try PlanningInputs.write(DeviceBenchmarkPage(benchmark).html, to: html) }
        print(DeviceBenchmarkPage.stages(benchmark).text)
        print(DeviceComparison([("value", benchmark)]).table.text, terminator: "")
        if !benchmark.hasPassed { throw ExitCode.failure }
    }
}
