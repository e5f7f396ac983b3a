import MuxServeReference
import Placement
import Quantities
import Scheduling
import Simulation
import Testing
import Workloads

/// Plans of ours against the plan that MuxServe's code makes of the same workload.
@Suite(.enabled(if: ReferenceData.isPresent))
struct PlanComparisonTests {
    private let cluster = Cluster(nodes: 4, devicesPerNode: 8)

    private static let rates: [(ModelProfile, Double)] = [
        (.llama13B, 8.137), (.llama13B, 1.169), (.llama13B, 7.083), (.llama7B, 8.148), (.llama13B, 1.100),
        (.llama13B, 1.852), (.llama7B, 0.984), (.llama30B, 2.049), (.llama30B, 0.764), (.llama65B, 0.799),
        (.llama30B, 6.181), (.llama13B, 1.898), (.llama7B, 1.956), (.llama65B, 0.880), (.llama7B, 3.160),
        (.llama65B, 1.354),
    ]

    private static let demands = rates.enumerated().map { index, entry in
        ModelDemand(name: "llm-\(index + 1)", profile: entry.0, rate: 4 * entry.1)
    }

    /// The published optimiser's plan at four times the rates: node, first device, devices, (model, decode share).
    private static let reference: [(Int, Int, Int, [(Int, Int)])] = [
        (0, 0, 8, [(1, 90), (14, 30)]), (1, 0, 4, [(11, 90), (6, 30)]), (1, 4, 4, [(10, 70), (5, 30)]),
        (2, 0, 4, [(16, 90), (7, 30)]), (2, 4, 4, [(3, 90), (12, 30)]), (3, 0, 4, [(4, 90), (9, 30)]),
        (3, 4, 2, [(15, 90), (2, 30)]), (3, 6, 2, [(8, 80), (13, 30)]),
    ]

    private static var referencePlan: Plan {
        let units = reference.enumerated().map { number, unit in
            let models = unit.3.map { model, share in
                let demand = demands[model - 1]
                let prefill: Share =
                    demand.profile == .llama7B ? Share(8) : demand.profile == .llama13B ? Share(9) : .whole
                let decode = Share(percent: share)
                return PlannedModel(
                    name: demand.name, model: demand.path, rate: demand.rate,
                    shares: PhaseShares(prefill: max(prefill, decode), decode: min(prefill, decode)),
                    maxSequences: 2048, estimatedThroughput: demand.rate)
            }
            return PlannedUnit(
                name: "unit-\(number)", node: unit.0, devices: Array(unit.1..<unit.1 + unit.2), models: models)
        }
        return Plan(units: units)
    }

    @Test func ourPlansServeMoreThanTheReferencePlan() throws {
        let (table, _) = try #require(ReferenceData.measured)
        let reference = try ReferenceObjective(demands: Self.demands, costs: table, cluster: cluster)
        try compare(Plan(try PlacementSearch(reference, on: cluster).run(), of: reference), table)
        let throughput = try ThroughputObjective(
            demands: Self.demands, costs: CostModel(table), cluster: cluster)
        try compare(Plan(try PlacementSearch(throughput, on: cluster).run(), of: throughput), table)
    }

    private func compare(_ searched: Plan, _ table: CostTable) throws {
        var plan = searched
        for unit in plan.units.indices {
            for model in plan.units[unit].models.indices { plan.units[unit].models[model].maxSequences = 2048 }
        }
        let costs = CostModel(table)
        let workload = Workload(
            models: Self.demands.map { WorkloadModel(name: $0.name, rate: $0.rate) }, duration: 60)
        let requests = try workload.requests(seed: 1)
        func throughput(_ plan: Plan) throws -> Double {
            let simulation = try ClusterSimulation(
                plan, demands: Self.demands, cluster: cluster, costs: costs, policy: .adbs)
            let records = try simulation.run(requests)
            return ServiceReport(records, rates: Self.demands.map { ($0.name, $0.rate) }).weightedThroughput
        }
        let (ours, theirs) = try (throughput(plan), throughput(Self.referencePlan))
        print("rate-weighted throughput at four times the rates: ours \(ours), the reference plan \(theirs)")
        #expect(ours > theirs)
    }
}
