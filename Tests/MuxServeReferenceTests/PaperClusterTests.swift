import MuxServeReference
import Placement
import Testing

/// The paper's cluster against what was measured on it.
@Suite(.enabled(if: ReferenceData.isPresent))
struct PaperClusterTests {
    /// With the scheduler that the temporal runs betray, as the paper's cannot serve them all.
    @Test func simulatedRunsResembleMeasuredOnes() throws {
        let (costs, runs) = try #require(ReferenceData.measured)
        let comparison = try PaperComparison(
            runs, on: PaperCluster(costs: costs, temporalScheduler: nil), seeds: [1])
        for line in comparison.errors {
            print("\(line.name): median \(line.median), 90th percentile \(line.percentile90) \(line.unit)")
        }
        let errors = Dictionary(uniqueKeysWithValues: comparison.errors.map { ($0.name, $0.median) })
        #expect(try #require(errors["throughput, muxserve"]) < 5)
        #expect(try #require(errors["throughput, spatial"]) < 5)
        #expect(try #require(errors["throughput, all"]) < 3)
        #expect(try #require(errors["ratio muxserve / temporal"]) < 5)
        #expect(try #require(errors["mean latency"]) < 10)
        #expect(try #require(errors["ratio muxserve / spatial"]) < 6)
        #expect(try #require(errors["within 5, 8, 10 times"]) < 4)

        // Who wins over whom is the same in simulation as it was in measurement.
        for run in comparison.runs where run.strategy != .muxserve {
            let winner = try #require(
                comparison.runs.first {
                    $0.strategy == .muxserve && $0.alpha == run.alpha && $0.rateScale == run.rateScale
                })
            #expect(winner.simulated.weightedThroughput > run.simulated.weightedThroughput)
            #expect(winner.measured.weightedThroughput > run.measured.weightedThroughput)
        }
    }
}
