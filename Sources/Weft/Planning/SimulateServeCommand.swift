import ArgumentParser
import Benchmarks
import Engine
import Foundation
import Placement
import Quantities
import Reporting
import Scheduling
import Simulation
import Workloads

/// `weft simulate serve CONFIG`: what `weft serve CONFIG` would serve, on the device of a cost file.
struct SimulateServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Simulate what `weft serve` would do with a configuration or a plan.",
        discussion: """
            The device is the one that `weft profile` measured the costs on: its lanes, and how they slow each other. \
            With --trace, what `weft bench serve --record` wrote is served again.
            """)

    @Argument(help: "The configuration or plan, as for `weft serve`.")
    var config: String

    @Option(help: "The unit of a plan with several.")
    var unit: String?

    @Option(help: "The models and their rates, as for `weft bench serve`.")
    var workload: String

    @Option(help: "The cost file of `weft profile`.")
    var costs: String

    @Option(help: "How fast the device is against when it was profiled, as `weft profile --check` prints it.")
    var speed = 1.0

    @Option(help: "The scheduling policy; overrides the configuration.")
    var policy: PolicyName?

    @OptionGroup var requests: RequestOptions

    @Option(help: "The report of a measured run as JSON, to be shown beside the simulated one.")
    var measured: String?

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func validate() throws {
        guard speed > 0, speed.isFinite else { throw ValidationError("--speed must be positive") }
    }

    func run() throws {
        let configuration = try ServeCommand.read(config, unit: unit)
        guard var served = configuration.units.first, configuration.units.count == 1 else {
            throw ValidationError("\(config): has several units; --unit says which one is simulated")
        }
        served.policy = policy ?? served.policy
        let (requests, rates) = try requests.requests(of: workload)
        let unit = try EngineUnit(served, costs: costs, speed: speed).unit
        if let other = requests.first(where: { request in !unit.models.contains { $0.name == request.model } }) {
            throw ValidationError("\(config): has no model '\(other.model)', which the workload asks for")
        }
        var simulator = try UnitSimulator(unit, policy: served.policy.policy)
        let report = ServiceReport(simulator.run(requests), rates: rates)
        if json {
            print(try report.prettyJSON())
        } else if let measured {
            print(Self.table(try PlanningInputs.report(measured).service, report).text, terminator: "")
        } else {
            print(TextTable(report).text, terminator: "")
        }
    }

    private static func table(_ measured: ServiceReport, _ simulated: ServiceReport) -> TextTable {
        var table = TextTable(["", "measured", "simulated", "simulated / measured"])
        let figures: [(String, (ServiceFigures) -> Double?)] = [
            ("throughput, requests/s", { $0.throughput }),
            ("latency, mean s", { $0.latency?.mean }),
            ("latency, p99 s", { $0.latency?.p99 }),
            ("time to first token, mean s", { $0.timeToFirstToken?.mean }),
            ("time per output token, mean ms", { ($0.timePerOutputToken?.mean).map { $0 * 1000 } }),
        ]
        for (name, figure) in figures {
            guard let seen = figure(measured.overall), let expected = figure(simulated.overall) else { continue }
            table.add([
                name, FigureNumber.text(seen, digits: 3), FigureNumber.text(expected, digits: 3),
                FigureNumber.text(expected / seen),
            ])
        }
        return table
    }
}
