import CUDADouble
import Compute
import ComputeCUDA
import ComputeVulkan
import Foundation
import GGUF
import Kernels
import Quantities
import TestDevices
import Testing
import Transformer

/// Tokens drawn from the likeliest ones, in place of all logits.
struct CandidateTests {
    /// What a device finds.
    private func found(_ logits: [Float], _ query: CandidateQuery) -> CandidateTokens.Found? {
        Reference.candidates(logits, wanted: min(query.count, logits.count)).map { tokens in
            CandidateTokens.Found(
                tokens: tokens, logits: tokens.map { logits[Int($0)] },
                weight: Float(Reference.weight(logits, slope: query.slope).value))
        }
    }

    /// - Returns: tokens, and how many of them took all logits.
    private func draws(_ count: Int, from logits: [Float], _ options: SamplingOptions) throws -> ([Int32], whole: Int) {
        var sampler = Sampler(options, prompt: [], seed: 1)
        let query = try #require(sampler.query)
        let found = found(logits, query)
        var whole = 0
        let tokens = (0..<count).map { _ in
            if let found, let token = sampler.draw(found) { return token }
            whole += 1
            return sampler.draw(logits.span)
        }
        return (tokens, whole)
    }

    @Test func greedyIsTheLargest() throws {
        #expect(try draws(3, from: [1, 5, 2, 5], SamplingOptions()) == ([1, 1, 1], 0))
    }

    /// Greedily, or from what `top_k`, `top_p` or `min_p` leaves: the same tokens, of which few take all logits.
    @Test func whatNarrowsGivesTheSameTokens() throws {
        var random = SplitMix64(seed: 7), (drawn, whole) = (0, 0)
        for seed in 0..<120 {
            // Of very likely tokens, and of none.
            let size = 100 + Int(random.next() % 900), spread = 2 + 12 * random.unit()
            let logits = (0..<size).map { _ in Float((random.unit() + random.unit() - 1) * spread) }
            var options = SamplingOptions()
            options.seed = UInt64(seed)
            options.temperature = seed % 9 == 0 ? 0 : Float(0.2 + random.unit())
            options.topK = seed % 3 == 0 ? 1 + Int(random.next() % 64) : nil
            options.topP = seed % 4 != 0 ? Float(0.05 + 0.9 * random.unit()) : 1
            options.minP = seed % 5 == 0 ? Float(0.3 * random.unit()) : 0
            if options.topK == nil, options.topP == 1, options.minP == 0 { options.topP = 0.5 }
            var sampler = Sampler(options, prompt: [], seed: 1)
            let (tokens, all) = try draws(50, from: logits, options)
            #expect(tokens == (0..<50).map { _ in sampler.draw(logits.span) }, "\(options)")
            (drawn, whole) = (drawn + 50, whole + all)
        }
        #expect(whole > 0 && whole < drawn / 3, "\(whole) of \(drawn)")
    }

    /// Without filters another token is as likely as it is with all logits.
    @Test func frequenciesFollowTheDistribution() throws {
        // 63 tokens have two thirds of all weight, and of 441 others those in the middle weigh twice as much.
        let weights = (0..<504).map { $0 % 8 == 0 ? 16.0 : 200..<300 ~= $0 ? 2 : 1 }
        var options = SamplingOptions()
        options.temperature = 1
        options.seed = 3
        let count = 40_000, (tokens, whole) = try draws(count, from: weights.map { Float(log($0)) }, options)
        let total = weights.reduce(0, +)
        for tokens in [
            (tokens.filter { $0 % 8 == 0 }, weights.enumerated().filter { $0.offset % 8 == 0 }),
            (
                tokens.filter { $0 % 8 != 0 && 200..<300 ~= $0 },
                weights.enumerated().filter { $0.offset % 8 != 0 && 200..<300 ~= $0.offset }
            ),
        ] {
            let expected = tokens.1.reduce(0) { $0 + $1.element } / total
            #expect(abs(Double(tokens.0.count) / Double(count) - expected) < 0.01, "\(expected)")
        }
        #expect(Set(tokens).count > 495)
        #expect(abs(Double(whole) / Double(count) - (1 - (63 * 16 + 2) / total)) < 0.02)
    }

    /// With next to no temperature the likeliest is drawn, whatever the device makes of a slope without end.
    @Test func weightsThatAreNoNumbersAreLeftOut() {
        var options = SamplingOptions()
        options.temperature = 1e-42
        var sampler = Sampler(options, prompt: [], seed: 1)
        let found = CandidateTokens.Found(tokens: [7, 3], logits: [2, 1], weight: .nan)
        #expect((0..<20).allSatisfy { _ in sampler.draw(found) == 7 })
    }

    @Test func whatTakesAllLogitsAsksForNothing() {
        func query(_ change: (inout SamplingOptions) -> Void) -> CandidateQuery? {
            var options = SamplingOptions()
            change(&options)
            return Sampler(options, prompt: [1], seed: 1).query
        }
        #expect(query { _ in } == CandidateQuery(count: 1, slope: 0))
        #expect(query { ($0.temperature, $0.topK) = (0.5, 20) } == CandidateQuery(count: 20, slope: 0))
        #expect(query { $0.temperature = 0.5 } == CandidateQuery(count: CandidateTokens.most, slope: 2))
        #expect(query { ($0.temperature, $0.topK) = (1, 65) } == nil)
        #expect(query { $0.repetitionPenalty = 1.1 } == nil)
        #expect(query { $0.presencePenalty = 1 } == nil)
        #expect(query { $0.frequencyPenalty = 1 } == nil)
        #expect(query { $0.logitBias = [1: 1] } == nil)
    }

    /// Devices with memory of their own, which give what is asked for and nothing else.
    enum Apart: String, Sendable, CaseIterable {
        case lavapipe, cuda

        func device() throws -> (any Device)? {
            switch self {
            case .lavapipe:
                try VulkanDevice(
                    DeviceSelector("vulkan:llvmpipe"), in: VulkanInstance(), cacheDirectory: ProcessFolder.path
                ) { ($0.seesDeviceMemory, $0.importsHostMemory) = (false, false) }
            case .cuda:
                CUDADouble.isAvailable
                    ? try CUDADevice(
                        DeviceSelector("cuda"), in: CUDADouble().platform(), cacheDirectory: CUDADouble.kernels) : nil
            }
        }
    }

    @Test(arguments: Apart.allCases)
    func rowsStayWhereTheyAre(_ apart: Apart) throws {
        guard let device = try apart.device() else { return }
        let path = NSTemporaryDirectory() + "weft-candidates-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TinyLlama().write(to: path)
        var options = Model.Options()
        options.maxRows = 16
        var sequence = try SingleSequence(
            GGUFFile(path: path), options: options, contextLength: 64, kernels: KernelSet(device: device),
            warmsUp: false)
        #expect(sequence.model.findsCandidates)
        func seen(_ model: Model) -> [Float] { model.withLogits(0) { logits in logits.indices.map { logits[$0] } } }
        let prompt: [Int32] = [3, 1, 4, 1, 5]
        try sequence.feed(prompt, at: 0)
        let first = seen(sequence.model)
        try sequence.feed([9], at: 5)
        let second = seen(sequence.model)
        #expect(first != second)
        sequence.restart()
        try sequence.feed(prompt, at: 0)

        // Found on the device: the host has still what it had.
        var greedy = Sampler(SamplingOptions(), prompt: [], seed: 1)
        var other = greedy
        #expect(try sequence.next(after: [9], at: 5, with: &greedy) == other.draw(second.span))
        #expect(seen(sequence.model) == first)

        // Nothing is found for a sampler that takes all.
        var sampling = SamplingOptions()
        sampling.presencePenalty = 0.5
        var penalised = Sampler(sampling, prompt: [], seed: 1), same = penalised
        #expect(try sequence.next(after: [9], at: 5, with: &penalised) == same.draw(second.span))
        #expect(seen(sequence.model) == second)

        // With a vocabulary of tokens that are nearly as likely, 64 do not suffice for long.
        sampling = SamplingOptions()
        (sampling.temperature, sampling.seed) = (50, 2)
        var flat = Sampler(sampling, prompt: [], seed: 1)
        sequence.restart()
        try sequence.feed(prompt, at: 0)
        var drawn: Set<Int32> = []
        for _ in 0..<40 { drawn.insert(try sequence.next(after: [9], at: 5, with: &flat)) }
        #expect(drawn.count > 20 && seen(sequence.model) == second)
    }
}
