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
            The devices are those that `weft profile` measured the costs on: their lanes, and how they slow each \
            other. With --trace, what `weft bench serve --record` wrote is served again. Models of several units have \
            their requests divided as the server divides them.
            """)

    @Argument(help: "The configuration or plan, as for `weft serve`.")
    var config: String

    @Option(help: "The only unit of several.")
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
        let (requests, rates) = try requests.requests(of: workload)
        let units = try configuration.units.map { served in
            var served = served
            served.policy = policy ?? served.policy
            return (served.name, try EngineUnit(served, costs: costs, speed: speed).unit, served.policy)
        }
        var fleet = try FleetSimulation(units)
        let records: [RequestRecord]
        do throws(SimulationError) { records = try fleet.run(requests) } catch {
            guard case .unknownModel(let name) = error else { throw error }
            throw ValidationError("\(config): has no model '\(name)', which the workload asks for")
        }
        let report = ServiceReport(records, rates: rates)
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
