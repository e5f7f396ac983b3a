import Foundation
import MuxServeReference
import Placement
import Testing

@Suite(.enabled(if: ReferenceData.isPresent))
struct ReferenceSearchTests {
    /// What the reference code reaches once its index defect is mended, by the factor on the rates.
    static let mended: [(factor: Double, objective: Double)] = [
        (1, 5.313), (1.6, 8.149), (2.4, 10.822), (3.2, 11.292), (4, 11.223),
    ]

    @Test(arguments: mended.map(\.factor), [true])
    func searchBeatsTheMendedReference(factor: Double, _: Bool) throws {
        let target = try #require(Self.mended.first { $0.factor == factor })
        let cluster = Cluster(nodes: 4, devicesPerNode: 8)
        let objective = try ReferenceObjective(
            demands: ReferenceData.demands(times: factor), costs: #require(ReferenceData.measured).costs,
            cluster: cluster)
        let clock = ContinuousClock()
        let start = clock.now
        let greedy = try PlacementSearch(objective, on: cluster, rounds: 0).run()
        let middle = clock.now
        let placement = try PlacementSearch(objective, on: cluster).run()
        print(
            "x\(factor): greedy \(greedy.score) in \(middle - start), search \(placement.score) in \(clock.now - middle), units \(placement.scoredUnits)"
        )
        #expect(placement.score >= target.objective)
        #expect(placement.score >= greedy.score)
    }
}
