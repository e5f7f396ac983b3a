import ArgumentParser
import ConfigurationFiles
import Foundation
import MuxServeReference
import Placement
import Reporting

/// `weft simulate paper`: measured runs of MuxServe on 32 A100s, simulated.
struct SimulatePaperCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paper", abstract: "Simulate measured runs of the paper's cluster, and compare.")

    @Option(help: "The measured runs: CSV, a line for each model of each run.")
    var runs: String

    @Option(help: "The cost file: MuxServe's JSON, or CSV.")
    var costs: String

    @Option(help: "How many seeds to simulate each run with.")
    var seeds = 3

    @Option(
        help: """
            The scheduler of all temporal runs: fcfs, as the paper says, or adbs; or inferred, which is adbs for those \
            in which some model, as measured, had more sequences at once than fcfs admits.
            """)
    var temporalScheduler = "fcfs"

    @Flag(help: "Print JSON instead of tables.")
    var json = false

    private var scheduler: ReferenceScheduler? { ReferenceScheduler(rawValue: temporalScheduler) }

    func validate() throws {
        if !(1...1000).contains(seeds) { throw ValidationError("--seeds must be 1 to 1000") }
        if scheduler == nil, temporalScheduler != "inferred" {
            throw ValidationError("--temporal-scheduler must be fcfs, adbs or inferred, not '\(temporalScheduler)'")
        }
    }

    private struct Output: Encodable {
        var runs: [PaperComparison.Run]
    }

    func run() throws {
        let measured = try PaperRun.read(csv: PlanningInputs.text(runs), file: runs)
        let cluster = PaperCluster(
            costs: try PlanningInputs.costs(costs), temporalScheduler: scheduler)
        let comparison: PaperComparison
        do {
            comparison = try PaperComparison(measured, on: cluster, seeds: (1...seeds).map { UInt64($0) })
        } catch let error as CostError {
            throw FileError(file: costs, reason: "\(error)")
        }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            print(String(decoding: try encoder.encode(Output(runs: comparison.runs)), as: UTF8.self))
        } else {
            print(Self.runTable(comparison).text)
            print(schedulerNote(measured))
            print(Self.ratioTable(comparison).text)
            print(Self.errorTable(comparison).text, terminator: "")
        }
    }

    /// Which temporal runs are simulated under which scheduler, and how that is known.
    private func schedulerNote(_ runs: [PaperRun]) -> String {
        if let scheduler { return "Temporal runs: simulated under \(scheduler.rawValue).\n" }
        let temporal = runs.filter { $0.strategy == .temporal }
        let adaptive = temporal.filter { $0.scheduler == .adbs }.count
        return """
            Temporal runs: \(adaptive) simulated under adbs, since more sequences of a model were at work than fcfs \
            admits; \(temporal.count - adaptive) under fcfs. This is inferred from what was measured.

            """
    }

    /// Simulated / measured.
    private static func runTable(_ comparison: PaperComparison) -> TextTable {
        var table = TextTable(
            ["run (simulated / measured)", "throughput", "mean latency", "within 5", "within 8", "within 10"])
        for run in comparison.runs {
            let (simulated, measured) = (run.simulated, run.measured)
            table.add(
                [
                    "alpha \(run.alpha) scale \(run.rateScale) \(run.strategy.rawValue)",
                    pair(simulated.weightedThroughput, measured.weightedThroughput, 2),
                    pair(simulated.meanLatency, measured.meanLatency, 1),
                ]
                    + [5.0, 8, 10].map { scale in
                        pair(simulated.withinSLO[scale] ?? .nan, measured.withinSLO[scale] ?? .nan, 1)
                    })
        }
        return table
    }

    private static func ratioTable(_ comparison: PaperComparison) -> TextTable {
        var table = TextTable(["throughput ratio (simulated / measured)", "over spatial", "over temporal"])
        for run in comparison.runs where run.strategy == .muxserve {
            let ratios = [PaperStrategy.spatial, .temporal].map { other -> String in
                let beside = comparison.runs.first {
                    $0.alpha == run.alpha && $0.rateScale == run.rateScale && $0.strategy == other
                }
                guard let beside else { return "-" }
                return pair(
                    run.simulated.weightedThroughput / beside.simulated.weightedThroughput,
                    run.measured.weightedThroughput / beside.measured.weightedThroughput, 2)
            }
            table.add(["alpha \(run.alpha) scale \(run.rateScale)"] + ratios)
        }
        return table
    }

    private static func errorTable(_ comparison: PaperComparison) -> TextTable {
        var table = TextTable(["error", "median", "90th percentile", "unit", "runs x seeds"])
        for line in comparison.errors where line.count > 0 {
            table.add([
                line.name, FigureNumber.text(line.median, digits: 1), FigureNumber.text(line.percentile90, digits: 1),
                line.unit, "\(line.count)",
            ])
        }
        return table
    }

    private static func pair(_ simulated: Double, _ measured: Double, _ digits: Int) -> String {
        FigureNumber.text(simulated, digits: digits) + " / " + FigureNumber.text(measured, digits: digits)
    }
}
