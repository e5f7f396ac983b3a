import KVCache
import Quantities
import Scheduling
import Testing
import Workloads

/// What each policy starts, in small cases.
struct PolicyTests {
    private func settings(
        prefill: Int, decode: Int, fixed: Int? = nil, batchedTokens: Int = 64, targets: LatencyTargets = .init()
    ) throws -> ModelSettings {
        ModelSettings(
            shape: try KVShape(layers: 1, kvHeads: 1, headSize: 64, pageBytes: 1024), weight: 1,
            shares: PhaseShares(prefill: Share(prefill), decode: Share(decode)), fixedShare: fixed.map { Share($0) },
            maxBatchedTokens: batchedTokens, targets: targets)
    }

    private func jobs(_ world: ScheduledWorld) -> [Job] { world.passes.flatMap(\.pass.jobs) }

    private func atWork(_ world: ScheduledWorld) -> [String] {
        jobs(world).map { "\($0.phase) \($0.model.index)" }
    }

    @Test func adbsPrefillsBesideDecodes() throws {
        var world = ScheduledWorld(pages: 1000, policy: AdaptiveBatchPolicy())
        try world.load(settings(prefill: 6, decode: 3))
        try world.load(settings(prefill: 6, decode: 3))
        world.send(world.models[0], prompt: [1, 2, 3], maxTokens: 50)
        #expect(atWork(world) == ["prefill 0"])
        _ = world.finishNextJob()
        #expect(atWork(world) == ["decode 0"])
        world.send(world.models[1], prompt: [1, 2, 3], maxTokens: 50)
        #expect(atWork(world) == ["decode 0", "prefill 1"])
        world.send(world.models[0], prompt: [4], maxTokens: 50)
        #expect(jobs(world).count == 2, "one prefill at a time")
    }

    @Test func loneDecodesMayHaveTheWholeDevice() throws {
        var world = ScheduledWorld(pages: 1000, policy: AdaptiveBatchPolicy(widensLoneDecodes: true))
        for _ in 0..<2 { try world.load(settings(prefill: 6, decode: 3)) }
        world.send(world.models[0], prompt: [1], maxTokens: 50)
        _ = world.finishNextJob()
        #expect(jobs(world).map(\.share) == [.whole], "nothing else could run")
        world.send(world.models[1], prompt: [1], maxTokens: 50)
        #expect(atWork(world) == ["decode 0"], "the prefill waits for the step's end")
        _ = world.finishNextJob()
        #expect(atWork(world) == ["prefill 1", "decode 0"])
        #expect(jobs(world).map(\.share) == [Share(6), Share(3)])
        while jobs(world).contains(where: { $0.phase == .prefill }) { _ = world.finishNextJob() }
        while jobs(world).count < 2 { _ = world.finishNextJob() }
        #expect(jobs(world).allSatisfy { $0.share == Share(3) }, "two models decode side by side")
    }

    @Test func adbsHoldsShareBackForWaitingPrefill() throws {
        var world = ScheduledWorld(pages: 1000, policy: PolicyName.adbs.policy)
        for _ in 0..<3 { try world.load(settings(prefill: 8, decode: 4)) }
        for model in world.models.prefix(2) {
            world.send(model, prompt: [1, 2], maxTokens: 100)
            while !atWork(world).contains("decode \(model.index)") { _ = world.finishNextJob() }
        }
        world.send(world.models[2], prompt: [1, 2], maxTokens: 100)
        let decodes = jobs(world).count
        #expect(!atWork(world).contains("prefill 2"), "too little share is free")
        for _ in 0..<decodes { _ = world.finishNextJob() }
        #expect(atWork(world).contains("prefill 2"), "decodes started before a prefill that waited")
    }

    @Test func overloadAdmitsMoreThanTheDevice() throws {
        for (overload, expected) in [(0, ["prefill 0"]), (2, ["prefill 0", "decode 1"])] {
            var world = ScheduledWorld(pages: 1000, policy: AdaptiveBatchPolicy(patience: .max), overload: overload)
            for _ in 0..<2 { try world.load(settings(prefill: 9, decode: 3, batchedTokens: 4)) }
            world.send(world.models[1], prompt: [1], maxTokens: 30)
            _ = world.finishNextJob()
            world.send(world.models[0], prompt: Array(repeating: 1, count: 40), maxTokens: 30)
            while !atWork(world).contains("prefill 0") { _ = world.finishNextJob() }
            #expect(atWork(world).sorted() == expected.sorted())
        }
    }

    @Test func firstTokenTargetsOrderPrefills() throws {
        var world = ScheduledWorld(pages: 1000, policy: PolicyName.adbs.policy)
        try world.load(settings(prefill: 10, decode: 1))
        try world.load(settings(prefill: 10, decode: 1))
        try world.load(settings(prefill: 10, decode: 1, targets: LatencyTargets(timeToFirstToken: 0.1)))
        world.send(world.models[0], prompt: [1], maxTokens: 1)
        world.send(world.models[1], prompt: [2], maxTokens: 1)
        world.send(world.models[2], prompt: [3], maxTokens: 1)
        _ = world.finishNextJob()
        #expect(atWork(world) == ["prefill 2"])
        _ = world.finishNextJob()
        #expect(atWork(world) == ["prefill 1"])
    }

    /// A short target does not push aside what is late already, however much of it comes.
    @Test func lateFirstTokensGoInTurn() throws {
        var world = ScheduledWorld(pages: 1000, policy: PolicyName.adbs.policy)
        world.duration = { _ in 2 }
        for target in [1, 0.1] {
            let targets = LatencyTargets(timeToFirstToken: target)
            try world.load(settings(prefill: 10, decode: 1, batchedTokens: 10, targets: targets))
        }
        for token in 0..<4 {
            let prompt = Array(repeating: Int32(token), count: 10)
            for model in world.models { world.send(model, prompt: prompt, maxTokens: 1) }
        }
        var order: [String] = []
        while let job = atWork(world).first {
            order.append(job)
            _ = world.finishNextJob()
        }
        #expect(order == (0..<8).map { "prefill \($0 % 2)" })
    }

    @Test func tokenTargetsBoundChunks() throws {
        var world = ScheduledWorld(pages: 4000, policy: PolicyName.adbs.policy)
        world.duration = { $0.phase == .prefill ? 0.001 * Double($0.tokenCount) : 0.001 }
        try world.load(settings(prefill: 10, decode: 2, batchedTokens: 1000))
        try world.load(settings(prefill: 10, decode: 2, targets: LatencyTargets(timePerOutputToken: 0.05)))
        world.send(world.models[0], prompt: [1], maxTokens: 1)
        world.send(world.models[1], prompt: [2], maxTokens: 200)
        for _ in 0..<3 { _ = world.finishNextJob() }
        world.send(world.models[0], prompt: Array(repeating: 1, count: 900), maxTokens: 1)
        while !atWork(world).contains("prefill 0") { _ = world.finishNextJob() }
        #expect(jobs(world).last?.tokenCount == 50)
    }

    @Test func promptsAreSplitOnlyIfTheyMayBe() throws {
        for chunks in [true, false] {
            var world = ScheduledWorld(pages: 1000, policy: PolicyName.adbs.policy)
            var settings = try settings(prefill: 5, decode: 5, batchedTokens: 10)
            settings.chunksPrompts = chunks
            try world.load(settings)
            world.send(world.models[0], prompt: [9], maxTokens: 1)
            for _ in 0..<3 { world.send(world.models[0], prompt: [1, 2, 3, 4, 5, 6], maxTokens: 1) }
            _ = world.finishNextJob()
            let ranges = jobs(world).flatMap { $0.rows.map(\.positions) }
            #expect(ranges == (chunks ? [0..<6, 0..<4] : [0..<6]))
            let isDrained = world.drain(limit: 10)
            #expect(isDrained && world.completed.count == 4)
        }
    }

    @Test func temporalRunsOneJobOnTheWholeDevice() throws {
        var world = ScheduledWorld(pages: 1000, policy: PolicyName.temporal.policy, overload: 2)
        for _ in 0..<2 { try world.load(settings(prefill: 2, decode: 2)) }
        for _ in 0..<6 { for model in world.models { world.send(model, prompt: [1, 2], maxTokens: 5) } }
        while !world.streams.isEmpty {
            #expect(jobs(world).count == 1 && jobs(world)[0].share == .whole)
            _ = world.finishNextJob()
        }
    }

    @Test func spatialLendsNothing() throws {
        var world = ScheduledWorld(pages: 100, policy: PolicyName.spatial.policy)
        try world.load(settings(prefill: 10, decode: 10, fixed: 7))
        try world.load(settings(prefill: 10, decode: 10, fixed: 3))
        for _ in 0..<20 { world.send(world.models[0], prompt: Array(repeating: 1, count: 20), maxTokens: 20) }
        while !world.streams.isEmpty {
            #expect(jobs(world).count == 1 && jobs(world)[0].share == Share(7))
            #expect(world.unit.state.kv.usage(of: world.models[0])?.held ?? 0 <= 50)
            _ = world.finishNextJob()
        }
        world.send(world.models[0], prompt: Array(repeating: 1, count: 201), maxTokens: 1)
        #expect(world.failed.values.contains(.poolTooSmall(pagesNeeded: 51, pages: 50)))
    }

    @Test func firstComeServesTheOldest() throws {
        var world = ScheduledWorld(pages: 1000, policy: PolicyName.fcfs.policy)
        for _ in 0..<3 { try world.load(settings(prefill: 10, decode: 5)) }
        for model in [2, 0, 1] { world.send(world.models[model], prompt: [1, 2], maxTokens: 5) }
        var order: [Int] = []
        for _ in 0..<3 {
            order += jobs(world).filter { $0.phase == .prefill }.map(\.model.index)
            _ = world.finishNextJob()
        }
        #expect(order == [2, 0, 1])
        #expect(atWork(world) == ["decode 2", "decode 0"])
    }

    @Test("Fault 21: requests larger than the pool fail")
    func requestsLargerThanThePoolFail() throws {
        for policy in PolicyName.allCases {
            var world = ScheduledWorld(pages: 10, policy: policy.policy)
            try world.load(settings(prefill: 5, decode: 5))
            let large = world.send(world.models[0], prompt: Array(repeating: 1, count: 41), maxTokens: 1)
            #expect(world.failed[large] == .poolTooSmall(pagesNeeded: 11, pages: 10))
            let growing = world.send(world.models[0], prompt: [1, 2], maxTokens: 100)
            let small = world.send(world.models[0], prompt: [1, 2], maxTokens: 10)
            let isDrained = world.drain(limit: 1000)
            #expect(isDrained && world.failed[growing] == .poolTooSmall(pagesNeeded: 11, pages: 10))
            #expect(world.completed[small]?.output.count == 10)
        }
    }

    @Test func unloadingFailsRequestsAndFreesAll() throws {
        var world = ScheduledWorld(pages: 100, policy: PolicyName.adbs.policy)
        try world.load(settings(prefill: 5, decode: 5))
        try world.load(settings(prefill: 5, decode: 5))
        let model = world.models[0]
        let requests = (0..<3).map { _ in world.send(model, prompt: [1, 2, 3], maxTokens: 10) }
        let other = world.send(world.models[1], prompt: [1, 2, 3], maxTokens: 10)
        world.unload(model)
        #expect(world.unloaded.isEmpty, "its job is at work")
        let late = world.send(model, prompt: [1], maxTokens: 1)
        let isDrained = world.drain(limit: 100)
        #expect(isDrained && world.unloaded == [model])
        for request in requests + [late] { #expect(world.failed[request] == .modelUnloaded) }
        #expect(world.completed[other]?.output.count == 10)
        #expect(world.unit.state.kv.usage.held == 0)
    }

    @Test func endedSequencesEndEarly() throws {
        var unit = UnitScheduler(pages: 100, pageBytes: 1024, policy: PolicyName.adbs.policy)
        let model = try unit.load(settings(prefill: 5, decode: 5))
        let request = RequestID(7)
        var actions = unit.arrived(
            Arrival(request: request, model: model, promptTokens: 3, maxTokens: 100), at: 0)
        for step in 1...3 {
            guard case .run(let pass) = actions.last else { break }
            actions = unit.passFinished(pass.lane, [DrawnToken(stops: step == 3)], at: Double(step))
        }
        #expect(actions == [.end(request, .stop)])
        #expect(unit.state.requestCount == 0 && unit.state.kv.usage.free == 100)
    }

    /// A model that wants all rows of a prompt computes what another sequence has computed already.
    @Test(arguments: [true, false]) func prefixesAreSharedWhereTheyMay(sharesPrefixes: Bool) throws {
        var world = ScheduledWorld(pages: 100, policy: PolicyName.fcfs.policy)
        var settings = try settings(prefill: 10, decode: 5)
        settings.sharesPrefixes = sharesPrefixes
        try world.load(settings)
        let prompt = (0..<20).map { Int32($0) }
        var firsts: [Int] = []
        for _ in 0..<2 {
            world.send(world.models[0], prompt: prompt, maxTokens: 1)
            firsts += jobs(world).flatMap(\.rows).map(\.positions.lowerBound)
            let isDrained = world.drain(limit: 10)
            #expect(isDrained)
        }
        #expect(firsts == [0, sharesPrefixes ? 16 : 0])
        #expect(world.unit.state.kv.usage.cached == (sharesPrefixes ? 5 : 0))
        #expect(world.completed.values.allSatisfy { $0.output == ScheduledWorld.alone($0) })
    }

    /// Texts of an encoder go whole into passes, several into one as far as its budget goes, a long one alone.
    @Test func anEncoderReadsTextsWhole() throws {
        var world = ScheduledWorld(pages: 10, policy: PolicyName.adbs.policy)
        var settings = try settings(prefill: 10, decode: 5)
        settings.shape = try .withoutPages(pageBytes: 1024)
        (settings.chunksPrompts, settings.maxBatchedTokens) = (false, 50)
        try world.load(settings)
        var passes: [[Range<Int>]] = []
        // The first is alone, as the others come while it is at work.
        for length in [10, 20, 30, 25, 80, 50] {
            world.send(world.models[0], prompt: (0..<length).map { Int32($0) }, maxTokens: 9)
        }
        while !world.streams.isEmpty {
            passes += jobs(world).map { $0.rows.map(\.positions) }
            _ = world.finishNextJob()
        }
        #expect(passes == [[0..<10], [0..<20, 0..<30], [0..<25], [0..<80], [0..<50]])
        #expect(world.completed.values.allSatisfy { $0.output == ScheduledWorld.alone($0) })
    }
}
