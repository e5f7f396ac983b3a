import KVCache
import Quantities
import Scheduling
import Testing

/// Thousands of random arrivals, cancellations, loads and unloads against each policy, with a pool far too small.
struct PolicyPropertyTests {
    @Test("Fault 21: every survivor gets its tokens", arguments: PolicyName.allCases, 0..<6)
    func everySurvivorGetsItsTokens(policy: PolicyName, seed: UInt64) throws {
        var random = SplitMix64(seed: seed, stream: policy.rawValue.count)
        var world = ScheduledWorld(
            pages: [40, 90, 30, 400][Int(seed) % 4], policy: policy.policy, overload: Int(seed % 3))
        try world.load(Self.mixedSettings(&random))
        for event in 0..<1200 {
            try Self.step(&world, &random, settings: Self.mixedSettings) {
                Sender(name: "\($0.integer(in: 0...3))", priority: max(0, $0.integer(in: -3...2)))
            }
            let faults = world.unit.state.audit()
            #expect(faults == [], "after event \(event)")
            #expect(world.streams.isEmpty || !world.passes.isEmpty, "the unit stands still after event \(event)")
            if !faults.isEmpty || world.passes.isEmpty && !world.streams.isEmpty { return }
        }
        let isDrained = world.drain(limit: 60_000)
        #expect(isDrained && world.streams.isEmpty)
        for stream in world.completed.values {
            #expect(stream.output == ScheduledWorld.alone(stream))
        }
        #expect(world.completed.count > 50)
        #expect(world.unit.state.requestCount == 0 && world.unit.state.kv.usage.held == 0)
        #expect(world.unit.state.audit() == [])
    }

    /// The same with a device that fails now and then: whoever takes over goes on where each sequence was.
    @Test(arguments: PolicyName.allCases, 0..<3)
    func everySurvivorGetsItsTokensThoughTheDeviceFails(policy: PolicyName, seed: UInt64) throws {
        var random = SplitMix64(seed: seed, stream: 99)
        var world = ScheduledWorld(
            pages: [60, 90, 400][Int(seed)], policy: policy.policy, overload: Int(seed))
        try world.load(Self.mixedSettings(&random))
        var failures = (all: 0, midPrompt: 0, midOutput: 0)
        for event in 0..<1200 {
            try Self.step(&world, &random, settings: Self.mixedSettings)
            if random.integer(in: 0...24) == 0 {
                failures.all += 1
                failures.midPrompt += world.passes.count { $0.pass.jobs[0].phase == .prefill }
                failures.midOutput += world.passes.count { $0.pass.jobs[0].phase == .decode }
                try world.fail()
            }
            let faults = world.unit.state.audit()
            #expect(faults == [], "after event \(event)")
            #expect(world.streams.isEmpty || !world.passes.isEmpty, "the unit stands still after event \(event)")
            if !faults.isEmpty || world.passes.isEmpty && !world.streams.isEmpty { return }
        }
        let isDrained = world.drain(limit: 60_000)
        #expect(isDrained && world.streams.isEmpty)
        for stream in world.completed.values { #expect(stream.output == ScheduledWorld.alone(stream)) }
        #expect(world.completed.count > 50)
        #expect(failures.midPrompt > 0 && failures.midOutput > 0, "\(failures)")
        #expect(world.unit.state.kv.usage.held == 0 && world.unit.state.audit() == [])
    }

    @Test(arguments: PolicyName.allCases)
    func preemptionHappensAndHurtsNobody(policy: PolicyName) throws {
        var random = SplitMix64(seed: 5)
        var world = ScheduledWorld(pages: 60, policy: policy.policy)
        for _ in 0..<3 { try world.load(Self.settings(&random, layers: 2, kvHeads: 1)) }
        for _ in 0..<120 {
            guard let model = world.models.randomElement(using: &random) else { break }
            world.send(model, prompt: Self.prompt(&random), maxTokens: random.integer(in: 10...30))
        }
        let isDrained = world.drain(limit: 100_000)
        #expect(isDrained)
        #expect(world.completed.count + world.failed.count == 120)
        #expect(world.completed.values.reduce(0) { $0 + $1.preemptions } > 0)
        #expect(world.completed.values.allSatisfy { $0.output == ScheduledWorld.alone($0) })
    }

    static func step(
        _ world: inout ScheduledWorld, _ random: inout SplitMix64,
        settings: (inout SplitMix64) throws -> ModelSettings = { try PolicyPropertyTests.settings(&$0) },
        sender: (inout SplitMix64) -> Sender = { _ in Sender() }
    ) throws {
        switch random.integer(in: 0...99) {
        case 0..<32:
            guard let model = world.models.randomElement(using: &random) else { return }
            let (prompt, maxTokens) = (prompt(&random), random.integer(in: 1...20))
            world.send(model, prompt: prompt, maxTokens: maxTokens, sender: sender(&random))
        case 32..<36:
            let live = world.streams.keys.sorted { $0.number < $1.number }
            if let request = live.randomElement(using: &random) { world.cancel(request) }
        case 36..<38:
            if world.models.count < 4 { try world.load(settings(&random)) }
        case 38..<39:
            if world.models.count > 1, let model = world.models.randomElement(using: &random) { world.unload(model) }
        default: _ = world.finishNextJob()
        }
    }

    /// Prompts over few tokens, so that prefixes agree.
    private static func prompt(_ random: inout SplitMix64) -> [Int32] {
        let stem = Int32(random.integer(in: 0...2))
        return (0..<random.integer(in: 1...24)).map { Int32($0) < 12 ? stem : Int32(random.integer(in: 0...1)) }
    }

    /// Some models have layers of other heads, some keep a state, some have layers with a window beside one that keeps
    /// all, some keep nothing and read every prompt in one pass.
    private static func mixedSettings(_ random: inout SplitMix64) throws -> ModelSettings {
        var mixed = try settings(&random)
        var heads = mixed.shape.layers.map { KVHeads(count: $0.kvHeads, size: $0.page.headSize) }
        if random.integer(in: 0...2) == 0 { heads[heads.count - 1] = KVHeads(count: 3, size: 32) }
        mixed.shape = try KVShape(
            heads: heads, pageBytes: 1024,
            window: heads.count > 1 && random.integer(in: 0...1) == 0
                ? KVWindow(layers: heads.count - 1, tokens: random.integer(in: 1...12)) : nil,
            statePages: max(0, random.integer(in: -2...2)))
        if random.integer(in: 0...4) == 0 {
            mixed.shape = try .withoutPages(pageBytes: 1024)
            (mixed.chunksPrompts, mixed.sharesPrefixes) = (false, false)
        }
        return mixed
    }

    /// Pages of 1 KiB hold eight or four tokens.
    static func settings(
        _ random: inout SplitMix64, layers: Int? = nil, kvHeads: Int? = nil
    ) throws -> ModelSettings {
        let shape = try KVShape(
            layers: layers ?? random.integer(in: 1...3), kvHeads: kvHeads ?? random.integer(in: 1...2),
            headSize: random.integer(in: 1...2) * 32, pageBytes: 1024)
        var targets = LatencyTargets()
        if random.integer(in: 0...2) == 0 { targets.timeToFirstToken = 0.5 }
        if random.integer(in: 0...2) == 0 { targets.timePerOutputToken = 0.02 }
        return ModelSettings(
            shape: shape, weight: Double(random.integer(in: 1...9)),
            shares: PhaseShares(
                prefill: Share(random.integer(in: 4...10)), decode: Share(random.integer(in: 2...9))),
            maxSequences: random.integer(in: 2...12), maxBatchedTokens: random.integer(in: 8...64),
            chunksPrompts: random.integer(in: 0...3) > 0, targets: targets)
    }
}
