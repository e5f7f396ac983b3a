import Compute
import Engine
import Foundation
import Grammar
import Quantities
import Scheduling
import Synchronization
import TestDevices
import Testing
import Transformer

/// A device that fails or hangs under streams: these go on where they were, with the tokens that they would have had.
@Suite(.serialized)
struct ResumptionTests {
    /// What a client sees of a request.
    private struct Answer: Equatable, Sendable {
        var tokens: [Int32] = []
        var text = ""
        var reason: FinishReason?
        var usage: TokenUsage?
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)

        /// From 1.
        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    private struct Case: Sendable {
        var request: GenerationRequest
        var alone = Answer()
    }

    /// Greedy and seeded requests, with penalties, with stop strings, in a grammar; short prompts and such as take
    /// several passes.
    private static func cases() throws -> [Case] {
        func request(_ index: Int, prompt: Int, tokens: Int) -> GenerationRequest {
            var request = GenerationRequest(
                model: ["a", "b"][index % 2], prompt: (0..<prompt).map { Int32(($0 * 31 + index * 7) % 256) })
            request.maxTokens = tokens
            request.ignoresEndOfText = true
            return request
        }
        var requests = [(40, 60), (150, 20), (5, 80), (200, 12)].enumerated().map {
            request($0.offset, prompt: $0.element.0, tokens: $0.element.1)
        }
        for seed in 0..<4 as Range<UInt64> {
            var sampled = request(Int(seed), prompt: 30 + 50 * Int(seed), tokens: 50)
            sampled.sampling.temperature = 1
            sampled.sampling.seed = seed
            if seed % 2 == 0 {
                sampled.sampling.repetitionPenalty = 1.3
                sampled.sampling.frequencyPenalty = 0.2
                sampled.sampling.topK = 40
            }
            if seed == 1 { sampled.stop = ["\u{1}never\u{2}", "zq"] }
            if seed == 3 { sampled.grammar = try Grammar(regex: "([a-f]{4,9} ){6}[0-9]+!") }
            requests.append(sampled)
        }
        return requests.map { Case(request: $0) }
    }

    private static func answer(
        _ service: TinyService, _ request: GenerationRequest, after token: (Int) -> Void = { _ in }
    ) async throws -> Answer {
        var answer = Answer()
        for try await event in try await service.fleet.generate(request) {
            switch event {
            case .token(let new):
                answer.tokens.append(new.id)
                answer.text += new.text
                token(answer.tokens.count)
            case .finished(let reason, let usage):
                // What the prefix index had, and how long it took, are other matters.
                (answer.reason, answer.usage) = (reason, usage)
                answer.usage?.cachedTokens = 0
                answer.usage?.times = PhaseTimes()
            }
        }
        return answer
    }

    /// All devices that are opened have the same fault.
    private static func service(
        _ device: String, fault: FaultyDevice.Fault, refusals: Int = 0,
        change: @escaping (inout UnitConfiguration) -> Void = { _ in }
    ) async throws -> TinyService {
        let opened = Counter()
        return try await TinyService(device: device, change: change) { real in
            let times = opened.next()
            if times > 1, times <= refusals + 1 {
                throw ComputeError.outOfMemory(device: real.description.name, asked: 2, available: 1)
            }
            return FaultyDevice(real, fault: fault)
        }
    }

    private func waitUntilReady(_ service: TinyService) async throws {
        for _ in 0..<1200 where await !service.fleet.isReady { try await Task.sleep(for: .milliseconds(25)) }
        try #require(await service.fleet.isReady)
    }

    private static func expectSame(_ service: TinyService, _ cases: [Case], failing: @escaping @Sendable (Int) -> Void)
        async throws
    {
        let seen = Counter()
        try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for (index, one) in cases.enumerated() {
                group.addTask {
                    (index, try await Self.answer(service, one.request) { _ in failing(seen.next()) })
                }
            }
            for try await (index, answer) in group { #expect(answer == cases[index].alone, "case \(index)") }
        }
    }

    private static func alone(_ service: TinyService) async throws -> [Case] {
        var cases = try Self.cases()
        for index in cases.indices { cases[index].alone = try await answer(service, cases[index].request) }
        #expect(Set(cases.map(\.alone.tokens)).count == cases.count)
        return cases
    }

    @Test(arguments: PolicyName.allCases.map { ("opencl", $0) } + [("vulkan:llvmpipe", PolicyName.adbs)])
    func `Fault 24: Interrupted streams go on with the tokens that they would have had`(
        device: String, policy: PolicyName
    ) async throws {
        let fault = FaultyDevice.Fault()
        let service = try await Self.service(device, fault: fault) { $0.policy = policy }
        let cases = try await Self.alone(service)
        // About 350 tokens come in all. At a third failure a request might be ended that had no token in between.
        var random = SplitMix64(seed: 7, stream: policy.rawValue.count)
        let failures = Set([5...60, 120...240].map { random.integer(in: $0) })
        try await Self.expectSame(service, cases) { if failures.contains($0) { fault.set(count: 1) } }
        try await waitUntilReady(service)
        let status = try #require(await service.status)
        #expect(status.rebuilds > 1, "\(status.rebuilds) rebuilds")
        #expect(status.failure == nil && status.recovery == nil)
        try await service.expectEmptyPool()
    }

    @Test func `Fault 24: A device that hangs is noticed, and streams go on on another`() async throws {
        let fault = FaultyDevice.Fault()
        let service = try await Self.service("opencl", fault: fault) { $0.watchdog = 0.5 }
        // First passes have a minute of half seconds: they come before.
        let cases = try await Self.alone(service)
        try await Self.expectSame(service, cases) { if $0 == 120 { fault.hang() } }
        #expect(fault.isHanging, "the pass that hangs still does")
        #expect(try await service.tokens(of: "a", after: [1, 2, 3], count: 5).count == 5)
        let status = try #require(await service.status)
        #expect(status.rebuilds > 0)
        #expect(status.models.reduce(0) { $0 + $1.counters.resumed } > 0)
        fault.release()
        #expect(try await service.tokens(of: "b", after: [1, 2, 3], count: 5).count == 5)
        try await service.expectEmptyPool()
    }

    @Test func `A request that every device fails of ends`() async throws {
        let fault = FaultyDevice.Fault()
        // All passes run on the whole device.
        let service = try await Self.service("opencl", fault: fault) { $0.policy = .temporal }
        let expected = try await service.tokens(of: "b", after: [9, 8, 7], count: 30)
        fault.set(lane: "whole")
        await #expect {
            _ = try await service.tokens(of: "a", after: [1, 2, 3], count: 9)
        } throws: { error in
            if case EngineError.unitFailed("unit0", "a", let reason) = error { reason.contains("lost") } else { false }
        }
        fault.set(count: 0)
        try await waitUntilReady(service)
        #expect(await service.status?.rebuilds == 3)
        #expect(try await service.tokens(of: "b", after: [9, 8, 7], count: 30) == expected)
        try await service.expectEmptyPool()
    }

    @Test func `Streams end that wait too long, whose client leaves, or whose model is unloaded or gone`() async throws
    {
        let fault = FaultyDevice.Fault()
        let service = try await Self.service("opencl", fault: fault, refusals: 2) { unit in
            unit.resume = 1.5
            unit.policy = .temporal
        }
        let third = try service.write("c", headSize: 32, seed: 3)
        _ = try await service.fleet.load(third, unit: nil)
        // They wait behind a pass that is held.
        fault.hold("whole")
        func start(_ model: String) async throws -> AsyncThrowingStream<GenerationEvent, any Error> {
            var request = GenerationRequest(model: model, prompt: [1, 2, 3])
            request.ignoresEndOfText = true
            return try await service.fleet.generate(request)
        }
        let (first, unloaded) = (try await start("a"), try await start("c"))
        let leaving = Task { [stream = try await start("b")] in for try await _ in stream {} }
        fault.set(count: 1, lane: "whole")
        fault.release()
        while await service.status?.recovery?.interrupted != 3 { try await Task.sleep(for: .milliseconds(5)) }
        leaving.cancel()
        _ = try? await leaving.value
        while await service.status?.recovery?.interrupted != 2 { try await Task.sleep(for: .milliseconds(5)) }
        try await service.fleet.unload("c", patience: .zero)
        await Self.expectFailure(of: unloaded, "unloaded")
        // It comes back after three seconds.
        await Self.expectFailure(of: first, "in time")
        #expect(await service.status?.recovery?.interrupted == 0)
        try await waitUntilReady(service)
        #expect(try await service.tokens(of: "b", after: [9, 8, 7], count: 5).count == 5)
        #expect(await service.status?.models.map(\.name) == ["a", "b"])
        try await service.expectEmptyPool()
    }

    private static func expectFailure(
        of stream: AsyncThrowingStream<GenerationEvent, any Error>, _ words: String
    ) async {
        await #expect {
            for try await _ in stream {}
        } throws: { error in
            if case EngineError.unitFailed(_, _, let reason) = error { reason.contains(words) } else { false }
        }
    }

    /// Texts that are read begin anew, which is all the same to who waits.
    @Test func `Texts that are being read are read again`() async throws {
        let fault = FaultyDevice.Fault()
        let service = try await Self.service("opencl", fault: fault) { $0.policy = .temporal }
        _ = try await service.fleet.load(service.write(family: "qwen3-embedding"), unit: nil)
        let text = (0..<100).map { Int32($0 * 7 % 256) }
        let expected = try await service.vector(of: "qwen3-embedding", text)
        fault.set(count: 1, lane: "whole")
        #expect(try await service.vector(of: "qwen3-embedding", text) == expected)
        try await waitUntilReady(service)
        #expect(await service.status?.rebuilds == 1)
        try await service.expectEmptyPool()
    }
}
