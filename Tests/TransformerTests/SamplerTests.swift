import Testing
import Transformer

struct SamplerTests {
    private func draws(_ count: Int, from logits: [Float], _ change: (inout SamplingOptions) -> Void) -> [Int32] {
        var options = SamplingOptions()
        change(&options)
        var sampler = Sampler(options, prompt: [0], seed: 1)
        return (0..<count).map { _ in sampler.draw(logits.span) }
    }

    @Test func greedyTakesTheLargest() {
        #expect(draws(3, from: [1, 5, 2]) { _ in } == [1, 1, 1])
    }

    @Test func sameSeedSameTokens() {
        let logits: [Float] = (0..<100).map { Float($0 % 7) }
        let first = draws(50, from: logits) {
            $0.temperature = 1; $0.seed = 7
        }
        #expect(
            first
                == draws(50, from: logits) {
                    $0.temperature = 1; $0.seed = 7
                })
        #expect(
            first
                != draws(50, from: logits) {
                    $0.temperature = 1; $0.seed = 8
                })
        #expect(Set(first).count > 5)
    }

    @Test func frequenciesFollowTheDistribution() {
        let drawn = draws(20_000, from: [0, 1, 2]) {
            $0.temperature = 1; $0.seed = 3
        }
        let total = 1 + 2.71828 + 7.38906
        for (token, weight) in [1, 2.71828, 7.38906].enumerated() {
            let share = Double(drawn.filter { $0 == Int32(token) }.count) / 20_000
            #expect(abs(share - weight / total) < 0.015)
        }
    }

    @Test func filtersKeepOnlyTheLikely() {
        let logits: [Float] = [0, 3, 2.9, -2, 1]
        #expect(
            Set(
                draws(500, from: logits) {
                    $0.temperature = 1; $0.topK = 2; $0.seed = 1
                }) == [1, 2])
        #expect(
            Set(
                draws(500, from: logits) {
                    $0.temperature = 1; $0.topP = 0.4; $0.seed = 1
                }) == [1])
        #expect(
            Set(
                draws(500, from: logits) {
                    $0.temperature = 1; $0.minP = 0.8; $0.seed = 1
                }) == [1, 2])
        #expect(
            Set(
                draws(500, from: logits) {
                    $0.temperature = 0.01; $0.seed = 1
                }) == [1])
    }

    @Test func penaltiesMoveOn() {
        #expect(draws(4, from: [0, 1, 0.9, 0.8]) { $0.presencePenalty = 0.15 } == [1, 2, 1, 1])
        #expect(draws(4, from: [0, 1, 0.9, 0.8]) { $0.frequencyPenalty = 0.15 } == [1, 2, 1, 3])
        #expect(draws(2, from: [2, 1.9, 0]) { $0.repetitionPenalty = 1.2 } == [1, 0])
        #expect(draws(2, from: [0, 1, 2]) { $0.logitBias = [2: -5] } == [1, 1])
    }

    @Test func bannedTokensAreNotDrawn() {
        var sampler = Sampler(SamplingOptions(), prompt: [Int32](), seed: 1)
        #expect(sampler.draw(([0, 5, 4] as [Float]).span, banned: [1]) == 2)
    }

    @Test func logprobsAddUp() {
        let (own, top) = Logprobs.of(2, top: 3, in: ([0, 1, 2] as [Float]).span)
        #expect(top.map(\.id) == [2, 1, 0])
        #expect(abs(own - -0.40760596) < 1e-5)
        #expect(top[0].logprob == own)
    }
}
