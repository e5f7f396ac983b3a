import ArgumentParser
import Placement
import Reporting
import Scheduling
import Simulation
import Workloads

/// A plan under a policy, and what it served in simulation.
struct ServedPlan {
    let name: String
    let report: ServiceReport

    init(_ path: String, _ policy: PolicyName, _ options: WorkloadOptions) throws {
        let (cluster, demands) = try PlanningInputs.workload(options.workload, cluster: options.cluster)
        let costs = CostModel(try PlanningInputs.costs(options.costs))
        let plan = try PlanningInputs.plan(path)
        do {
            let simulation = try ClusterSimulation(
                plan, demands: demands, cluster: cluster, costs: costs, policy: policy)
            let records = try simulation.run(options.requests(demands))
            report = ServiceReport(records, rates: demands.map { ($0.name, $0.rate) })
        } catch let error as SimulationError {
            throw ValidationError("\(path): \(error)")
        } catch let error as CostError {
            throw ValidationError("\(options.costs): \(error)")
        }
        name = "\(path.split(separator: "/").last ?? ""), \(policy.rawValue)"
    }

    var table: TextTable {
        var table = TextTable(
            ["model", "rate", "served", "ttft p50", "ttft p99", "tpot p50", "latency p50", "latency p99", "within 8x"])
        for model in report.models { table.add(Self.row(model.name, model.rate, model.figures)) }
        let rate = report.models.reduce(0) { $0 + $1.rate }
        table.add(Self.row("all", rate, report.overall))
        return table
    }

    private static func row(_ name: String, _ rate: Double, _ figures: ServiceFigures) -> [String] {
        let within = figures.attainment.first { $0.scale == 8 }?.fraction
        return [
            name, FigureNumber.text(rate), FigureNumber.text(figures.throughput),
            seconds(figures.timeToFirstToken?.p50), seconds(figures.timeToFirstToken?.p99),
            seconds(figures.timePerOutputToken?.p50), seconds(figures.latency?.p50), seconds(figures.latency?.p99),
            within.map { FigureNumber.text(100 * $0, digits: 1) + " %" } ?? "-",
        ]
    }

    private static func seconds(_ value: Double?) -> String {
        value.map { FigureNumber.text($0, digits: 3) } ?? "-"
    }
}
