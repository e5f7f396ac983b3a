import ConfigurationFiles
import Placement
import Scheduling
import Simulation
import Workloads

/// A plan under a policy, and what it served in simulation.
struct ServedPlan: Encodable {
    let plan: String
    let policy: PolicyName
    let report: ServiceReport

    init(_ path: String, _ policy: PolicyName, _ options: WorkloadOptions) throws {
        let (cluster, demands) = try PlanningInputs.workload(options.workload, cluster: options.cluster)
        let costs = CostModel(try PlanningInputs.costs(options.costs))
        let plan = try PlanningInputs.plan(path)
        do {
            let simulation = try ClusterSimulation(
                plan, demands: demands, cluster: cluster, costs: costs, policy: policy)
            let (requests, rates) = try options.requests.requests(of: options.workload)
            report = ServiceReport(try simulation.run(requests), rates: rates)
        } catch let error as SimulationError {
            throw FileError("\(error)", unit: error.unit, plan: try PlanningInputs.text(path), file: path)
        } catch let error as CostError {
            let workload = options.workload
            throw FileError(error, costs: options.costs, yaml: try PlanningInputs.text(workload), file: workload)
        }
        self.plan = path
        self.policy = policy
    }

    var name: String { "\(plan.split(separator: "/").last ?? ""), \(policy.rawValue)" }
}
