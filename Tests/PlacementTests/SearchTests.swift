import Placement
import Testing

struct SearchTests {
    static func objective(_ demands: [ModelDemand], _ cluster: Cluster) throws -> ThroughputObjective {
        try ThroughputObjective(demands: demands, costs: Synthetic.costs, cluster: cluster)
    }

    /// The default search stays within a hundredth of the best plan there is.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func searchIsNearTheOptimum(seed: UInt64) throws {
        let cluster = Cluster(nodes: 2, devicesPerNode: 4)
        let objective = try Self.objective(Synthetic.demands(7, totalRate: 60, seed: seed), cluster)
        let best = try ExactSearch(objective, on: cluster).run()
        let found = try PlacementSearch(objective, on: cluster).run()
        #expect(found.score <= best.score + 1e-9)
        #expect(found.score >= 0.99 * best.score)
    }

    @Test func everyModelIsPlacedOnceOnDevicesThatExist() throws {
        let cluster = Cluster(nodes: [
            .init(devices: 8), .init(devices: 4, memoryBytes: 40e9, speed: 0.6), .init(devices: 2, speed: 2),
        ])
        let demands = Synthetic.demands(12, totalRate: 40, seed: 5)
        let found = try PlacementSearch(Self.objective(demands, cluster), on: cluster).run()
        #expect(found.units.flatMap(\.models).sorted() == Array(demands.indices))
        for (node, units) in Dictionary(grouping: found.units, by: \.node) {
            #expect(units.reduce(0) { $0 + $1.mesh.devices } == cluster.nodes[node].devices)
            #expect(units.allSatisfy { $0.mesh.speed == cluster.nodes[node].speed })
        }
    }

    @Test func equalSeedsGiveEqualPlans() throws {
        let cluster = Cluster(nodes: 2, devicesPerNode: 8)
        let objective = try Self.objective(Synthetic.demands(12, totalRate: 60, seed: 9), cluster)
        let search = PlacementSearch(objective, on: cluster, rounds: 40, seed: 3)
        #expect(try search.run() == search.run())
    }

    @Test func attainmentPrefersRoomOverPackedUnits() throws {
        let cluster = Cluster(nodes: 1, devicesPerNode: 8)
        let demands = Synthetic.demands(4, totalRate: 10, seed: 2)
        let tight = try AttainmentObjective(demands: demands, costs: Synthetic.costs, cluster: cluster, scale: 2)
        let loose = try AttainmentObjective(demands: demands, costs: Synthetic.costs, cluster: cluster, scale: 20)
        let (few, many) = try (
            PlacementSearch(tight, on: cluster).run().score, PlacementSearch(loose, on: cluster).run().score
        )
        #expect(few <= many)
        #expect(many <= 10.01)
    }

    @Test func hotModelsGetReplicas() throws {
        let cluster = Cluster(nodes: 1, devicesPerNode: 8)
        let hot = [
            ModelDemand(name: "hot", profile: .llama7B, rate: 120),
            ModelDemand(name: "cold", profile: .llama7B, rate: 1),
        ]
        let planner = Planner(on: cluster) { try Self.objective($0, cluster) }
        let single = try planner.plan(hot)
        let replicated = try planner.plan(hot, maxReplicas: 8)
        #expect(replicated.plan.estimatedThroughput > 1.1 * single.plan.estimatedThroughput)
        for unit in replicated.plan.units { #expect(Set(unit.models.map(\.name)).count == unit.models.count) }
        let rate = replicated.plan.units.flatMap(\.models).filter { $0.name == "hot" }.reduce(0) { $0 + $1.rate }
        #expect(abs(rate - 120) < 1e-9)
    }

    /// Where prefills take all but a hundredth of a hundredth of the time, no more is served than can be prefilled.
    @Test func prefillsBoundWhatIsServed() throws {
        var profile = ModelProfile.llama7B
        profile.kvHeads = 1
        let costs = CostModel(Roofline(peak: .a100).table(for: [profile], memoryBytes: 80e9))
        let demand = ModelDemand(
            name: "m", profile: profile, rate: 1e6, meanPromptTokens: 16_000, meanOutputTokens: 1)
        let cluster = Cluster(nodes: 1, devicesPerNode: 1)
        let objective = try ThroughputObjective(demands: [demand], costs: costs, cluster: cluster)
        let served = try #require(objective.estimate([0], on: MeshKind(devices: 1))).models[0].throughput
        let cost = try #require(try costs.costs(of: profile.costName, devices: 1))
        let bound = 8 / cost.prefill.time(batch: 8, length: 16_000, share: 1)
        #expect(served < 1.1 * bound)
        #expect(served > 0.5 * bound)
    }

    @Test func errorsNameTheModel() throws {
        let small = Cluster(nodes: [.init(devices: 1, memoryBytes: 16e9)])
        let large = [ModelDemand(name: "big", profile: .llama65B, rate: 1)]
        let objective = try Self.objective(large, small)
        #expect(throws: PlacementError.fitsNowhere(model: "big", largestMesh: 1)) {
            try PlacementSearch(objective, on: small).run()
        }
        let idle = [ModelDemand(name: "idle", profile: .llama7B, rate: 0)]
        let cluster = Cluster(nodes: 1, devicesPerNode: 1)
        #expect(throws: PlacementError.invalidRate(model: "idle", rate: 0)) {
            try PlacementSearch(Self.objective(idle, cluster), on: cluster).run()
        }
    }

    @Test func hundredModelsOnAThirtyNodeCluster() throws {
        let cluster = Cluster(nodes: 32, devicesPerNode: 8)
        let objective = try Self.objective(Synthetic.demands(100, totalRate: 800, seed: 1), cluster)
        let clock = ContinuousClock()
        let start = clock.now
        let greedy = try PlacementSearch(objective, on: cluster, rounds: 0).run()
        let middle = clock.now
        let found = try PlacementSearch(objective, on: cluster, rounds: 3).run()
        print(
            "100 models, 256 devices: greedy \(greedy.score) in \(middle - start), search \(found.score) in \(clock.now - middle)"
        )
        #expect(found.score >= greedy.score)
        #expect(found.units.flatMap(\.models).count == 100)
    }
}
