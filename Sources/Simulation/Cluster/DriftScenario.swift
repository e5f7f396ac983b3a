package import Placement
package import Quantities
package import Scheduling
package import Workloads

/// Popularity that turns around on a cluster that was planned for what it was before: what the plan serves as it
/// stands, and what it serves with models that move.
package struct DriftScenario: Sendable {
    package var cluster: Cluster
    package var costs: CostModel
    /// As popular as they are before the turn, the first most; their rates are set by `load`.
    package var demands: [ModelDemand]
    package var drift: Drift
    /// Requests per second that the plan could serve, before the turn.
    package var capacity: Double
    package var plan: Plan

    /// Eight models whose load is the same when their popularity has turned around.
    package static let models: [ModelProfile] = [
        .llama7B, .llama13B, .llama7B, .llama13B, .llama13B, .llama7B, .llama13B, .llama7B,
    ]

    /// Of the unloaded latency: what attainment is judged by here, in planning and in what is served.
    package static let scale = 8.0

    /// - Parameters:
    ///   - demands: At rates of which proportions count.
    ///   - load: The part of the cluster's capacity that is asked.
    ///   - turn: When popularity turns around.
    /// - Throws: `CostError`, `PlacementError`.
    package init(
        _ demands: [ModelDemand], on cluster: Cluster, costs: CostModel, load: Double, turn: ClosedRange<Seconds>,
        duration: Seconds
    ) throws {
        (self.cluster, self.costs) = (cluster, costs)
        let total = demands.reduce(0) { $0 + $1.rate }
        func scaled(to rate: Double) -> [ModelDemand] {
            demands.map { demand in
                var demand = demand
                demand.rate *= rate / total
                return demand
            }
        }
        // Chosen: to a hundredth of what the cluster serves at most.
        var (low, high) = (0.0, 1.0)
        while try Self.plan(scaled(to: high), cluster, costs).estimatedThroughput > 0.99 * high {
            (low, high) = (high, 2 * high)
        }
        while high - low > 0.01 * high {
            let middle = (low + high) / 2
            let plan = try Self.plan(scaled(to: middle), cluster, costs)
            if plan.estimatedThroughput > 0.99 * middle { low = middle } else { high = middle }
        }
        capacity = low
        self.demands = scaled(to: load * capacity)
        plan = try Self.plan(self.demands, cluster, costs)
        drift = Drift(
            Workload(
                models: self.demands.map { WorkloadModel(name: $0.name, rate: $0.rate) }, duration: duration),
            turn: turn)
    }

    /// What the plan serves as it stands.
    package func fixed(_ requests: [Request], policy: PolicyName) throws -> [RequestRecord] {
        try ClusterSimulation(plan, demands: demands, cluster: cluster, costs: costs, policy: policy).run(requests)
    }

    /// What it serves with models that move.
    package func replaced(
        _ requests: [Request], policy: PolicyName, settings: ReplacementSettings
    ) throws -> (records: [RequestRecord], decisions: [TimedDecision]) {
        var replaced = try ReplacedCluster(
            plan, demands: demands, cluster: cluster, costs: costs, policy: policy, settings: settings
        ) { [cluster, costs] in try LoadObjective(demands: $0, costs: costs, cluster: cluster) }
        return (try replaced.run(requests), replaced.decisions)
    }

    private static func objective(
        _ demands: [ModelDemand], _ cluster: Cluster, _ costs: CostModel
    ) throws -> AttainmentObjective {
        try AttainmentObjective(demands: demands, costs: costs, cluster: cluster, scale: scale)
    }

    private static func plan(_ demands: [ModelDemand], _ cluster: Cluster, _ costs: CostModel) throws -> Plan {
        // Chosen: few rounds, as the search is made ten times over; a few more find hardly anything for eight models.
        try Planner(on: cluster, rounds: 20) { try objective($0, cluster, costs) }.plan(demands, maxReplicas: 4).plan
    }
}
