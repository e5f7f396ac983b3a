import KVCache
import Quantities
import Scheduling
import Testing
import Workloads

/// What models get of a unit that is asked for more than it can give.
struct FairnessTests {
    struct Served {
        var pageSeconds: [Double]
        var claims: [Double]
        var completed: [Int]
        var preemptions: Int

        /// Each model's part of all page-seconds over its part of all rate x layers x KV heads.
        var ratios: [Double] {
            zip(pageSeconds, claims).map { ($0 / pageSeconds.reduce(0, +)) / ($1 / claims.reduce(0, +)) }
        }
    }

    @Test(arguments: 0..<4)
    func adbsKeepsPageSecondsProportional(seed: UInt64) throws {
        let served = try saturate(AdaptiveBatchPolicy(), seed: seed)
        for (model, ratio) in served.ratios.enumerated() {
            #expect(abs(ratio - 1) < 0.15, "model \(model) has \(ratio) of its due")
        }
        print(
            "adbs, seed \(seed): page-seconds over due \(served.ratios), preemptions \(served.preemptions) of \(served.completed.reduce(0, +))"
        )
    }

    @Test("Fault 22: no model starves", arguments: PolicyName.allCases.filter { $0 != .temporal })
    func noModelStarves(policy: PolicyName) throws {
        let served = try saturate(policy.policy, seed: 1)
        #expect(served.completed.allSatisfy { $0 > 0 })
        print("\(policy.rawValue): completed \(served.completed), page-seconds over due \(served.ratios)")
    }

    /// A minute of four models of different shape and popularity, each with a queue that never empties.
    private func saturate(_ policy: any BatchPolicy, seed: UInt64) throws -> Served {
        var world = ScheduledWorld(pages: 60_000, pageBytes: 16_384, policy: policy)
        world.keepsContents = false
        world.duration = { job in
            job.phase == .prefill
                ? 0.004 + 0.00002 * Double(job.tokenCount) : 0.008 + 0.00005 * Double(job.rows.count)
        }
        let shapes = [(8, 2, 8.0), (12, 4, 4), (16, 4, 2), (24, 8, 1)]
        for (layers, heads, rate) in shapes {
            let shape = try KVShape(layers: layers, kvHeads: heads, headSize: 128)
            try world.load(
                ModelSettings(
                    shape: shape, weight: rate, shares: PhaseShares(prefill: Share(6), decode: Share(3))))
        }
        var random = SplitMix64(seed: seed)
        var served = Served(
            pageSeconds: [0, 0, 0, 0], claims: shapes.map { Double($0 * $1) * $2 }, completed: [0, 0, 0, 0],
            preemptions: 0)
        let warmUp = 10.0
        while world.now < 70 {
            for model in world.models {
                while world.unit.state[model].waitingCount < 4 {
                    world.send(
                        model, promptTokens: LengthDistribution.shareGPTPrompts.sample(using: &random),
                        maxTokens: LengthDistribution.shareGPTOutputs.sample(using: &random))
                }
            }
            let before = world.now
            guard world.finishNextJob() else { break }
            if before < warmUp { continue }
            for model in world.models {
                let held = world.unit.state.kv.usage(of: model)?.held ?? 0
                served.pageSeconds[model.index] += Double(held) * (world.now - before)
            }
        }
        for stream in world.completed.values {
            served.completed[stream.model.index] += 1
            served.preemptions += stream.preemptions
        }
        return served
    }
}
