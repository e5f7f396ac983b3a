import ArgumentParser
import Foundation
import Placement
import Reporting
import Scheduling
import Simulation
import Workloads

/// `weft simulate drift`: what moving models while they serve is worth when popularity turns around.
struct SimulateDriftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift", abstract: "Simulate models that move when their popularity turns around.",
        discussion: """
            Eight LLaMA models of 7B and 13B on a cluster that is planned for their popularity before the turn: the \
            plan as it stands, and with online re-placement. Without --costs the devices are A100s by their peaks.
            """)

    @Option(help: "NODESxDEVICES, NODESxDEVICESxGB or a YAML file.")
    var cluster = "4x8"

    @Option(help: "A cost file with llama-7b and llama-13b: MuxServe's JSON, or CSV.")
    var costs: String?

    @Option(help: "How uneven popularity is: the exponent of its power law.")
    var alpha = 1.2

    @Option(help: "The part of what the plan can serve that is asked.")
    var load = 0.7

    @Option(help: "Seconds in which popularity turns around, from the 120th on; it goes on for 300 s more.")
    var turn = 60.0

    @Option(help: "Seconds between decisions.")
    var every = 5.0

    @Option(help: "Of measured rates, in seconds.")
    var halfLife = 10.0

    @Option(help: "The least gain, as a part of all requests.")
    var margin = 0.05

    @Option(help: "Gigabytes of weights that are loaded in a second.")
    var loading = 5.0

    @Option(help: "The policy: \(PolicyName.allCases.map(\.rawValue).joined(separator: ", ")).")
    var policy = PolicyName.adbs

    @Option(help: "Equal seeds give equal requests.")
    var seed: UInt64 = 1

    @Flag(help: "Print JSON instead of tables.")
    var json = false

    private struct Output: Encodable {
        var capacity: Double
        var requests: Int
        /// The parts of the requests within 8 times their unloaded latency.
        var fixed: [Part]
        var moving: [Part]
        var decisions: [TimedDecision]
    }

    private struct Part: Encodable {
        var name: String
        var attainment: Double
    }

    func validate() throws {
        let positive = [alpha, load, turn, every, halfLife, loading]
        guard positive.allSatisfy({ $0 > 0 && $0.isFinite }), margin >= 0 else {
            throw ValidationError(
                "--alpha, --load, --turn, --every, --half-life and --loading must be positive, --margin not negative")
        }
    }

    func run() throws {
        let cluster = try PlanningInputs.cluster(cluster)
        let memory = cluster.nodes.map(\.memoryBytes).max() ?? 0
        let table =
            try costs.map(PlanningInputs.costs)
            ?? Roofline(peak: .a100).table(for: ModelProfile.llamas, memoryBytes: memory)
        let rates = PowerLaw(alpha: alpha, maxRate: 1).rates(count: DriftScenario.models.count)
        let demands = zip(DriftScenario.models, rates).enumerated().map { index, model in
            ModelDemand(name: "m\(index)", profile: model.0, rate: model.1)
        }
        let scenario = try DriftScenario(
            demands, on: cluster, costs: CostModel(table), load: load, turn: 120...120 + turn, duration: 420 + turn)
        let requests = try scenario.drift.requests(seed: seed)
        let fixed = try scenario.fixed(requests, policy: policy)
        let (moving, decisions) = try scenario.replaced(
            requests, policy: policy,
            settings: ReplacementSettings(
                every: every, halfLife: halfLife, margin: margin, loadBytesPerSecond: loading * 1e9))
        let output = Output(
            capacity: scenario.capacity, requests: requests.count, fixed: parts(fixed), moving: parts(moving),
            decisions: decisions)
        print(json ? try output.prettyJSON() : text(output), terminator: json ? "\n" : "")
    }

    private func parts(_ records: [RequestRecord]) -> [Part] {
        let end = 120 + turn
        let spans = [
            ("before", 0..<120), ("turn", 120..<end), ("first minute after", end..<end + 60),
            ("later", end + 60..<Double.infinity), ("all", 0..<Double.infinity),
        ]
        return spans.map { name, span in
            let part = records.filter { span.contains($0.arrival) }
            let figures = ServiceFigures(part, scales: [DriftScenario.scale])
            return Part(name: name, attainment: figures.attainment[0].fraction)
        }
    }

    private func text(_ output: Output) -> String {
        var table = TextTable(["requests within 8x, %"] + output.fixed.map(\.name))
        for (name, parts) in [("as planned", output.fixed), ("with moves", output.moving)] {
            table.add([name] + parts.map { FigureNumber.text(100 * $0.attainment, digits: 1) })
        }
        let rate = FigureNumber.text(load * output.capacity, digits: 1)
        let moves = output.decisions.filter { !$0.decision.moves.isEmpty }.flatMap { timed in
            ["at \(Int(timed.time)) s: \(timed.decision.reason)"] + timed.decision.moves.map { "  \($0)" }
        }
        return "\(output.requests) requests, \(rate)/s\n" + table.text + moves.map { "\($0)\n" }.joined()
    }
}
