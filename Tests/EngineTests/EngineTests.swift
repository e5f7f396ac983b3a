import Engine
import KVCache
import Quantities
import Scheduling
import Testing

@Suite(.serialized)
struct EngineTests {
    @Test func modelsAreServedByName() async throws {
        let service = try await TinyService()
        #expect(await service.fleet.models.map(\.name) == ["a", "b"])
        #expect(await service.fleet.isReady)
        let request = GenerationRequest(model: "c", prompt: [1])
        await #expect(throws: EngineError.self) { _ = try await service.fleet.generate(request) }
        try await service.expectEmptyPool()
    }

    @Test func usageAndReasonAreReported() async throws {
        let service = try await TinyService()
        var request = GenerationRequest(model: "a", prompt: [5, 6, 7])
        request.maxTokens = 9
        request.ignoresEndOfText = true
        request.topLogprobs = 2
        var count = 0
        for try await event in try await service.fleet.generate(request) {
            switch event {
            case .token(let token):
                count += 1
                #expect(token.logprob?.top.count == 2)
                #expect(token.logprob?.top.first?.id == token.id)
            case .finished(let reason, let usage):
                #expect(reason == .length)
                #expect(usage.promptTokens == 3 && usage.completionTokens == 9)
            }
        }
        #expect(count == 9)
        try await service.expectEmptyPool()
    }

    /// A pool far too small for all, many sequences, some of which are dropped: the others get the tokens that they get
    /// alone.
    @Test("Fault 21: pressure changes no token", arguments: PolicyName.allCases, ["vulkan:llvmpipe", "opencl"])
    func pressureChangesNoToken(_ policy: PolicyName, _ device: String) async throws {
        let service = try await TinyService(poolMegabytes: 1, device: device) { $0.policy = policy }
        let work = (0..<24).map { index in
            (
                model: index % 2 == 0 ? "a" : "b",
                prompt: (0..<(5 + 7 * (index % 9))).map { Int32(($0 * 31 + index * 17) % 256) }
            )
        }
        var alone: [[Int32]] = []
        for item in work { alone.append(try await service.tokens(of: item.model, after: item.prompt, count: 40)) }
        let together = try await withThrowingTaskGroup(of: (Int, [Int32]).self) { group in
            for (index, item) in work.enumerated() {
                group.addTask {
                    if index % 5 == 4 {
                        try await service.abandon(item.model, item.prompt)
                        return (index, [])
                    }
                    return (index, try await service.tokens(of: item.model, after: item.prompt, count: 40))
                }
            }
            return try await group.reduce(into: [[Int32]](repeating: [], count: work.count)) { $0[$1.0] = $1.1 }
        }
        for index in work.indices where index % 5 != 4 { #expect(together[index] == alone[index], "sequence \(index)") }
        try await service.expectEmptyPool()
    }

    /// The second time a prompt comes its full blocks are found again, and the text stays the same.
    @Test(arguments: [KVType.f16, .q8_0])
    func prefixesAreFoundAgain(_ kv: KVType) async throws {
        let service = try await TinyService { $0.models[0].kvType = kv }
        let prompt = (0..<300).map { Int32($0 * 13 % 256) }
        var texts: [[Int32]] = []
        var cached: [Int] = []
        for _ in 0..<2 {
            var request = GenerationRequest(model: "a", prompt: prompt)
            request.maxTokens = 20
            request.ignoresEndOfText = true
            var tokens: [Int32] = []
            for try await event in try await service.fleet.generate(request) {
                switch event {
                case .token(let token): tokens.append(token.id)
                case .finished(_, let usage): cached.append(usage.cachedTokens)
                }
            }
            texts.append(tokens)
        }
        #expect(texts[0] == texts[1])
        #expect(cached[0] == 0 && cached[1] >= 128)
        try await service.expectEmptyPool()
    }

    @Test("Fault 19: a dropped stream frees its pages")
    func aDroppedStreamFreesItsPages() async throws {
        let service = try await TinyService()
        for _ in 0..<5 { try await service.abandon("a", Array(repeating: 3, count: 100)) }
        try await service.expectEmptyPool()
    }

    @Test("Fault 14: bad requests are refused")
    func badRequestsAreRefused() async throws {
        let service = try await TinyService { $0.models[0].context = 64 }
        func error(_ model: String, _ prompt: [Int32]) async -> EngineError? {
            do throws(EngineError) {
                _ = try await service.fleet.generate(GenerationRequest(model: model, prompt: prompt))
                return nil
            } catch { return error }
        }
        guard case .emptyPrompt = await error("a", []) else { throw Unexpected() }
        guard case .contextLengthExceeded(_, 64, 64) = await error("a", .init(repeating: 1, count: 64)) else {
            throw Unexpected()
        }
        guard case .tokenOutOfVocabulary(288, 288) = await error("a", [1, 288]) else { throw Unexpected() }
        guard case .tokenOutOfVocabulary(-1, 288) = await error("a", [-1]) else { throw Unexpected() }
        guard case .modelNotFound = await error("", [1]) else { throw Unexpected() }
        try await service.expectEmptyPool()
    }

    @Test func tooManyRequestsAreTurnedAway() async throws {
        let service = try await TinyService { $0.maxRequests = 2 }
        var request = GenerationRequest(model: "a", prompt: [1])
        request.maxTokens = 400
        request.ignoresEndOfText = true
        let streams = [try await service.fleet.generate(request), try await service.fleet.generate(request)]
        await #expect(throws: EngineError.self) { _ = try await service.fleet.generate(request) }
        for stream in streams { for try await _ in stream {} }
        _ = try await service.tokens(of: "a", after: [1], count: 2)
        try await service.expectEmptyPool()
    }

    private struct Unexpected: Error {}
}

extension TinyService {
    /// Takes three tokens of a long generation and goes away.
    func abandon(_ model: String, _ prompt: [Int32], most: Int = 300) async throws {
        var request = GenerationRequest(model: model, prompt: prompt)
        request.maxTokens = most
        request.ignoresEndOfText = true
        var count = 0
        for try await _ in try await fleet.generate(request) {
            count += 1
            if count == 3 { break }
        }
    }
}
