import KVCache
import Quantities
import Scheduling
import Testing

/// Models that are scheduled otherwise while they serve.
struct AdjustmentTests {
    /// Random arrivals, ends, loads and adjustments, with a pool far too small.
    @Test(arguments: PolicyName.allCases, 0..<4)
    func everySurvivorGetsItsTokens(policy: PolicyName, seed: UInt64) throws {
        var random = SplitMix64(seed: seed, stream: 900 + policy.rawValue.count)
        var world = ScheduledWorld(
            pages: [40, 90, 400, 60][Int(seed)], policy: policy.policy, overload: Int(seed % 3))
        for _ in 0..<2 { try world.load(PolicyPropertyTests.settings(&random)) }
        var adjusted = 0
        for event in 0..<1000 {
            if random.integer(in: 0...9) == 0, let model = world.models.randomElement(using: &random),
                let settings = world.unit.state.existing(model)?.settings
            {
                world.adjust(model, to: try Self.other(settings, &random))
                adjusted += 1
            } else {
                try PolicyPropertyTests.step(&world, &random)
            }
            let faults = world.unit.state.audit()
            let stands = world.passes.isEmpty && !world.streams.isEmpty
            #expect(faults == [] && !stands, "after event \(event)")
            if !faults.isEmpty || stands { return }
        }
        let isDrained = world.drain(limit: 60_000)
        #expect(isDrained && world.streams.isEmpty && adjusted > 50)
        for stream in world.completed.values { #expect(stream.output == ScheduledWorld.alone(stream)) }
        #expect(world.unit.state.requestCount == 0 && world.unit.state.kv.usage.held == 0)
        #expect(world.unit.state.audit() == [])
    }

    /// The same model with other numbers.
    private static func other(_ settings: ModelSettings, _ random: inout SplitMix64) throws -> ModelSettings {
        var other = try PolicyPropertyTests.settings(&random)
        (other.shape, other.chunksPrompts) = (settings.shape, settings.chunksPrompts)
        other.isPinned = random.integer(in: 0...1) == 0
        return other
    }

    private func settings(weight: Double = 1) throws -> ModelSettings {
        ModelSettings(
            shape: try KVShape(layers: 1, kvHeads: 1, headSize: 32, pageBytes: 1024), weight: weight,
            shares: PhaseShares(prefill: Share(6), decode: Share(4)), maxSequences: 4)
    }

    @Test(arguments: PolicyName.allCases)
    func quotasFollowAtOnce(policy: PolicyName) throws {
        var world = ScheduledWorld(pages: 100, policy: policy.policy)
        for _ in 0..<2 { try world.load(try settings()) }
        func quotas() -> [Int] { world.models.compactMap { world.unit.state.kv.usage(of: $0)?.quota } }
        #expect(quotas() == [50, 50])
        world.adjust(world.models[0], to: try settings(weight: 3))
        #expect(quotas() == [75, 25])
        world.adjust(world.models[1], to: try settings(weight: 3))
        #expect(quotas() == [50, 50])
    }

    @Test func theNextJobsHaveTheNewShares() throws {
        var world = ScheduledWorld(pages: 100, policy: PolicyName.fcfs.policy)
        try world.load(try settings())
        world.send(world.models[0], prompt: [1, 2, 3], maxTokens: 9)
        #expect(world.passes.map(\.pass.jobs[0].share) == [Share(6)])
        var other = try settings()
        other.shares = PhaseShares(prefill: Share(3), decode: Share(2))
        world.adjust(world.models[0], to: other)
        #expect(world.passes.map(\.pass.jobs[0].share) == [Share(6)], "a job at work keeps its share")
        _ = world.finishNextJob()
        #expect(world.passes.map(\.pass.jobs[0].share) == [Share(2)])
    }

    /// Sequences beyond a lower limit go on; none is added to them before enough have ended.
    @Test func aLowerLimitEndsNothing() throws {
        var world = ScheduledWorld(pages: 100, policy: PolicyName.fcfs.policy)
        try world.load(try settings())
        let model = world.models[0]
        for _ in 0..<4 { world.send(model, prompt: [1, 2, 3], maxTokens: 5) }
        for _ in 0..<2 { _ = world.finishNextJob() }
        #expect(world.unit.state[model].runningCount == 4)
        var other = try settings()
        other.maxSequences = 1
        world.adjust(model, to: other)
        for _ in 0..<2 { world.send(model, prompt: [1, 2, 3], maxTokens: 5) }
        #expect(world.unit.state[model].runningCount == 4 && world.unit.state[model].waitingCount == 2)
        #expect(world.unit.state.audit() == [])
        var most = 0
        while world.finishNextJob() {
            if world.completed.count >= 4 {
                most = max(most, world.unit.state[model].requestCount - world.unit.state[model].waitingCount)
            }
        }
        #expect(world.completed.count == 6 && most == 1)
    }
}
