import ArgumentParser
import Placement
import Reporting
import Scheduling
import Simulation
import Workloads

/// `weft compare`: several plans and policies side by side.
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Simulate several plans and policies on one workload.")

    @Argument(help: "The plans, as `weft plan` writes them.")
    var plans: [String]

    @OptionGroup var options: WorkloadOptions

    @Option(help: "The policies; each plan runs under each. All unless given.")
    var policy: [PolicyName] = []

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    @Option(help: "Where to write figures as HTML.")
    var html: String?

    func run() throws {
        let policies = policy.isEmpty ? PolicyName.allCases : policy
        let served = try plans.flatMap { plan in try policies.map { try ServedPlan(plan, $0, options) } }
        if let html { try PlanningInputs.write(ServiceFiguresPage(served).html, to: html) }
        if json {
            print(try served.prettyJSON())
        } else {
            print(Self.table(served).text, terminator: "")
        }
    }

    private static func table(_ served: [ServedPlan]) -> TextTable {
        var table = TextTable(
            ["plan, policy", "weighted", "requests/s", "ttft mean", "latency mean", "latency p99", "within 8x"])
        for plan in served {
            let all = plan.report.overall
            table.add([
                plan.name, FigureNumber.text(plan.report.weightedThroughput), FigureNumber.text(all.throughput),
                FigureNumber.text(all.timeToFirstToken?.mean ?? .nan), FigureNumber.text(all.latency?.mean ?? .nan),
                FigureNumber.text(all.latency?.p99 ?? .nan),
                FigureNumber.text(100 * (all.attainment.first { $0.scale == 8 }?.fraction ?? .nan), digits: 1) + " %",
            ])
        }
        return table
    }
}
