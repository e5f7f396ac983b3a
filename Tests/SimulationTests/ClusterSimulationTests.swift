import Placement
import Quantities
import Scheduling
import Simulation
import Testing
import Workloads

struct ClusterSimulationTests {
    private static func model(_ name: String, rate: Double) -> PlannedModel {
        PlannedModel(
            name: name, model: "llama-7b", rate: rate, shares: PhaseShares(prefill: Share(8), decode: Share(4)),
            estimatedThroughput: rate)
    }

    private let cluster = Cluster(nodes: 1, devicesPerNode: 2)
    private let plan = Plan(units: [
        PlannedUnit(name: "a", node: 0, devices: [0], models: [model("m0", rate: 2), model("m1", rate: 1)]),
        PlannedUnit(name: "b", node: 0, devices: [1], models: [model("m0", rate: 1)]),
    ])
    private let demands = [
        ModelDemand(name: "m0", profile: .llama7B, rate: 3), ModelDemand(name: "m1", profile: .llama7B, rate: 1),
    ]

    private func simulation(_ plan: Plan, _ demands: [ModelDemand]) throws -> ClusterSimulation {
        try ClusterSimulation(plan, demands: demands, cluster: cluster, costs: Support.costs, policy: .adbs)
    }

    @Test func replicasShareTheRequestsOfTheirModel() throws {
        let requests = try Support.requests(2, rate: 3, duration: 60, seed: 2)
        let records = try simulation(plan, demands).run(requests)
        #expect(records.count == requests.count)
        #expect(records.allSatisfy { $0.finish != nil && $0.unloadedLatency != nil })
        #expect(records.allSatisfy { ($0.latency ?? 0) >= 0.99 * ($0.unloadedLatency ?? 0) })
    }

    @Test func contradictionsAreErrors() throws {
        #expect(throws: SimulationError.unknownModel("m1")) { try simulation(plan, [demands[0]]) }
        var moved = plan
        moved.units[1].node = 3
        #expect(throws: SimulationError.unknownNode(unit: "b", node: 3)) { try simulation(moved, demands) }
        var large = demands
        large[1].profile = .llama65B
        #expect(throws: SimulationError.doesNotFit(model: "m1", unit: "a")) { try simulation(plan, large) }
        let stranger = [Request(arrival: 0, model: "x", promptTokens: 1, outputTokens: 1)]
        #expect(throws: SimulationError.unknownModel("x")) { try simulation(plan, demands).run(stranger) }
    }
}
