import KVCache
import Quantities
import Scheduling
import Testing
import Workloads

/// Prints what a decision takes with 32 models and 4,096 sequences; nothing is asserted of the time.
@Suite(.serialized) struct DecisionTimeTests {
    @Test(arguments: PolicyName.allCases)
    func decisionWithManySequences(policy: PolicyName) throws {
        var unit = UnitScheduler(pages: 2_000_000, policy: policy.policy)
        let shape = try KVShape(layers: 8, kvHeads: 2, headSize: 128)
        let settings = ModelSettings(
            shape: shape, weight: 1, shares: PhaseShares(prefill: Share(5), decode: Share(1)), maxSequences: 128)
        let models = try (0..<32).map { _ in try unit.load(settings) }
        var passes: [Pass] = []
        func collect(_ actions: [Action]) {
            for case .run(let pass) in actions { passes.append(pass) }
        }
        for number in 0..<4096 {
            collect(
                unit.arrived(
                    Arrival(
                        request: RequestID(UInt64(number)), model: models[number % 32], promptTokens: 200,
                        maxTokens: 100_000), at: 0))
        }
        var now = 0.0
        var running = 0
        while running < 4096, !passes.isEmpty {
            let pass = passes.removeFirst()
            now += 0.001
            collect(unit.passFinished(pass.lane, at: now))
            running = models.reduce(0) { $0 + unit.state[$1].runningCount }
        }
        #expect(running == 4096)

        let clock = ContinuousClock()
        var times: [Duration] = []
        while times.count < 2000, !passes.isEmpty {
            let pass = passes.removeFirst()
            now += 0.001
            times.append(clock.measure { collect(unit.passFinished(pass.lane, at: now)) })
        }
        times.sort()
        #expect(times.count == 2000)
        print("\(policy.rawValue): a job's end and the decision take \(times[1000]) (median), \(times[1980]) (p99)")
    }
}
