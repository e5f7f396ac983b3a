import Placement
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
        var replanning = try Replanning(plan(demands), for: objective, on: cluster)
        let (assignment, moves) = try replanning.run()
        let gained = moves.reduce(0) { $0 + $1.gain }
        let fresh = try PlacementSearch(objective, on: cluster).run()
        #expect(moves.allSatisfy { $0.gain > 0 })
        #expect(moves.count <= demands.count)
        #expect(assignment.score <= fresh.score * 1.001)
        #expect(assignment.score - gained < assignment.score || moves.isEmpty)
        #expect(assignment.units.flatMap(\.models).sorted() == Array(changed.indices))
    }

    @Test func newModelsFindAPlaceAndGoneOnesLeave() throws {
        let demands = Synthetic.demands(6, totalRate: 20, seed: 3)
        let next = demands.dropFirst(2) + [ModelDemand(name: "new", profile: .llama7B, rate: 2)]
        var replanning = try Replanning(plan(demands), for: objective(Array(next)), on: cluster)
        let (assignment, moves) = try replanning.run()
        #expect(moves.contains { $0.model == "new" && $0.source == nil })
        #expect(assignment.units.flatMap(\.models).count == 5)
    }

    @Test func plansOfOtherClustersAreRefused() throws {
        let demands = Synthetic.demands(6, totalRate: 30, seed: 3)
        let old = try plan(demands)
        #expect(throws: ReplanningError.self) {
            try Replanning(old, for: objective(demands), on: Cluster(nodes: 1, devicesPerNode: 2))
        }
    }
}
