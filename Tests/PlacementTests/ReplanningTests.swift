import Placement
import Quantities
import Testing

struct ReplanningTests {
    private let cluster = Cluster(nodes: 2, devicesPerNode: 4)

    private func objective(_ demands: [ModelDemand]) throws -> ThroughputObjective {
        try ThroughputObjective(demands: demands, costs: Synthetic.costs, cluster: cluster)
    }

    private func plan(_ demands: [ModelDemand]) throws -> Plan {
        try Planner(on: cluster) { try objective($0) }.plan(demands).plan
    }

    @Test func equalRatesNeedNoMove() throws {
        let demands = Synthetic.demands(6, totalRate: 30, seed: 3)
        var replanning = try Replanning(plan(demands), for: objective(demands), on: cluster)
        #expect(try replanning.run().1.isEmpty)
    }

    @Test func changedRatesGainWithFewMoves() throws {
        let demands = Synthetic.demands(8, totalRate: 60, seed: 3)
        var changed = demands
        for index in changed.indices { changed[index].rate = demands[demands.count - 1 - index].rate }
        let objective = try objective(changed)
        let old = try plan(demands)
        var replanning = try Replanning(old, for: objective, on: cluster)
        let before = replanning.score
        let (new, moves) = try replanning.run()
        let fresh = try PlacementSearch(objective, on: cluster).run()
        #expect(abs(replanning.score - before - moves.reduce(0) { $0 + $1.gain }) < 1e-6)
        #expect(replanning.score <= fresh.score * 1.001)
        #expect(Set(moves.map(\.model)).count == moves.count)
        #expect(Set(new.units.flatMap(\.models).map(\.name)) == Set(changed.map(\.name)))
        for unit in new.units where !unit.name.hasPrefix("node-") {
            #expect(old.units.contains { $0.name == unit.name && $0.devices == unit.devices })
        }
    }

    @Test func aModelThatOutgrewItsDeviceGetsAWiderMesh() throws {
        var demands = [ModelDemand(name: "a", profile: .llama13B, rate: 0.5)]
        let cluster = Cluster(nodes: 1, devicesPerNode: 2)
        func objective() throws -> ThroughputObjective {
            try ThroughputObjective(demands: demands, costs: Synthetic.costs, cluster: cluster)
        }
        let model = PlannedModel(
            name: "a", model: demands[0].path, rate: 0.5, shares: PhaseShares(prefill: Share(9), decode: Share(5)),
            maxSequences: 64,
            estimatedThroughput: 0.5)
        let old = Plan(units: [PlannedUnit(name: "narrow", node: 0, devices: [0], models: [model])])
        demands[0].rate = 60
        var kept = try Replanning(old, for: objective(), on: cluster)
        #expect(try kept.run().moves.isEmpty)
        var replanning = try Replanning(old, for: objective(), on: cluster)
        let (new, moves) = try replanning.run(mayRecut: true)
        #expect(new.units.map(\.devices) == [[0, 1]])
        #expect(moves.map(\.model) == ["a"] && moves[0].source == "narrow" && moves[0].bytes == 26e9)
        #expect(replanning.score > kept.score)
    }

    @Test func recutsNeverShareDevicesAndGainAsTheySay() throws {
        for seed: UInt64 in 1...6 {
            let demands = Synthetic.demands(8, totalRate: 60, seed: seed)
            var changed = demands
            for index in changed.indices { changed[index].rate = demands[demands.count - 1 - index].rate }
            var replanning = try Replanning(plan(demands), for: objective(changed), on: cluster)
            let before = replanning.score
            let (new, moves) = try replanning.run(mayRecut: true)
            #expect(abs(replanning.score - before - moves.reduce(0) { $0 + $1.gain }) < 1e-6)
            #expect(Set(new.units.flatMap(\.models).map(\.name)) == Set(changed.map(\.name)))
            let used = new.units.flatMap { unit in unit.devices.map { [unit.node, $0] } }
            #expect(Set(used).count == used.count)
            #expect(Set(new.units.map(\.name)).count == new.units.count)
        }
    }

    @Test func newModelsFindAPlaceAndGoneOnesLeave() throws {
        let demands = Synthetic.demands(6, totalRate: 20, seed: 3)
        let next = demands.dropFirst(2) + [ModelDemand(name: "new", profile: .llama7B, rate: 2)]
        var replanning = try Replanning(plan(demands), for: objective(Array(next)), on: cluster)
        let (new, moves) = try replanning.run()
        #expect(moves.contains { $0.model == "new" && $0.source == nil })
        #expect(Set(new.units.flatMap(\.models).map(\.name)) == Set(next.map(\.name)))
    }

    @Test func modelsOfALostNodeGoToTheOthersAndUnitsThereStay() throws {
        let demands = Synthetic.demands(6, totalRate: 20, seed: 3)
        let objective = try objective(demands)
        let old = try plan(demands)
        #expect(Set(old.units.map(\.node)) == [0, 1])
        var replanning = try Replanning(old, for: objective, on: cluster, without: [1])
        let (new, moves) = try replanning.run(mayLeaveOut: true)
        #expect(new.units.allSatisfy { $0.node == 0 })
        #expect(Set(new.units.flatMap(\.models).map(\.name)) == Set(demands.map(\.name)))
        #expect(replanning.missing.isEmpty)
        let lost = old.units.filter { $0.node == 1 }.flatMap(\.models).map(\.name)
        #expect(Set(lost).isSubset(of: moves.map(\.model)))
        for unit in old.units where unit.node == 0 {
            #expect(new.units.contains { $0.name == unit.name && $0.devices == unit.devices })
        }
    }

    @Test func whatHasNoRoomLeftIsNamed() throws {
        let demands = (0..<3).map { ModelDemand(name: "m\($0)", profile: .llama30B, rate: 1) }
        let cluster = Cluster(nodes: 3, devicesPerNode: 1)
        let objective = try ThroughputObjective(demands: demands, costs: Synthetic.costs, cluster: cluster)
        let units = demands.indices.map { index in
            PlannedUnit(
                name: "u\(index)", node: index, devices: [0],
                models: [
                    PlannedModel(
                        name: "m\(index)", model: demands[index].path, rate: 1,
                        shares: PhaseShares(prefill: .whole, decode: Share(5)), estimatedThroughput: 1)
                ])
        }
        var replanning = try Replanning(Plan(units: units), for: objective, on: cluster, without: [1])
        let (new, moves) = try replanning.run(mayLeaveOut: true)
        #expect(replanning.missing == ["m1"] && moves.isEmpty)
        #expect(new.units.map(\.name) == ["u0", "u2"])
        var strict = try Replanning(Plan(units: units), for: objective, on: cluster, without: [1])
        #expect(throws: PlacementError.fitsNowhere(model: "m1", largestMesh: 1)) { try strict.run() }
    }

    @Test func plansOfOtherClustersAreRefused() throws {
        let demands = Synthetic.demands(6, totalRate: 30, seed: 3)
        let old = try plan(demands)
        #expect(throws: ReplanningError.self) {
            try Replanning(old, for: objective(demands), on: Cluster(nodes: 1, devicesPerNode: 2))
        }
    }
}
