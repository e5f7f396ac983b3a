import Placement
import Quantities
import Scheduling
import Simulation
import Testing
import Workloads

/// Several units of one server.
struct FleetSimulationTests {
    @Test(arguments: [PolicyName.adbs, .temporal])
    func oneUnitIsThatUnit(policy: PolicyName) throws {
        let unit = try Support.unit([.llama7B, .llama13B], devices: 1)
        let requests = try Support.requests(2, rate: 2, duration: 60, seed: 4)
        var simulator = try UnitSimulator(unit, policy: policy.policy)
        let expected = simulator.run(requests)
        var fleet = try FleetSimulation([(name: "unit0", unit: unit, policy: policy)])
        #expect(try fleet.run(requests) == expected)
    }

    /// Every request is served once, by a unit that has its model; replicas share what is asked of it.
    @Test func replicasShareTheWork() throws {
        let both = try Support.unit([.llama7B, .llama13B], devices: 1)
        var one = both
        one.models.removeLast()
        let requests = try Support.requests(2, rate: 6, duration: 60, seed: 5)
        var fleet = try FleetSimulation([
            (name: "a", unit: both, policy: .adbs), (name: "b", unit: one, policy: .adbs),
        ])
        let records = try fleet.run(requests)
        func sorted(_ arrivals: [(String, Double)]) -> [String] { arrivals.map { "\($0.1) \($0.0)" }.sorted() }
        #expect(sorted(records.map { ($0.model, $0.arrival) }) == sorted(requests.map { ($0.model, $0.arrival) }))
        #expect(records.allSatisfy { $0.finish != nil })
        // The second unit has nothing else to do: it gets more than half of its model's requests.
        let count = requests.count { $0.model == "m0" }
        let turn = records.indices.dropFirst().first { records[$0].arrival < records[$0 - 1].arrival }
        let second = records[(try #require(turn))...]
        #expect(second.allSatisfy { $0.model == "m0" })
        #expect(second.count > count / 2 && second.count < count, "\(second.count) of \(count)")
        var alone = try UnitSimulator(both, policy: PolicyName.adbs.policy)
        let without = ServiceFigures(alone.run(requests), scales: [8]), with = ServiceFigures(records, scales: [8])
        #expect(try #require(with.latency).mean < 0.9 * (try #require(without.latency)).mean)
    }

    @Test func aModelThatNoUnitHasIsNamed() throws {
        var fleet = try FleetSimulation([
            (name: "a", unit: Support.unit([.llama7B], devices: 1), policy: .adbs)
        ])
        let requests = try Support.requests(2, rate: 2, duration: 10, seed: 4)
        #expect(throws: SimulationError.unknownModel("m1")) { try fleet.run(requests) }
    }
}
