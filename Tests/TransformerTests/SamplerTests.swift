import Foundation
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

    @Test func `Only tokens that are allowed are drawn`() {
        let logits: [Float] = (0..<200).map { Float($0 % 11) }
        var allowed = [UInt64](repeating: 0, count: 3)
        for token in [3, 64, 70, 190] { allowed[token / 64] |= 1 << UInt64(token % 64) }
        var options = SamplingOptions()
        var greedy = Sampler(options, prompt: [0], seed: 1)
        #expect(greedy.draw(logits.span, allowed: allowed) == 64)
        #expect(greedy.draw(logits.span, banned: [64], allowed: allowed) == 70)
        // Where nothing is left, whoever asked is to notice.
        #expect(greedy.draw(logits.span, allowed: [0, 0, 0]) == 0)
        #expect(greedy.draw(logits.span) == 10)
        for topK in [nil, 1, 3, 100] {
            options.temperature = 2
            options.topK = topK
            var sampler = Sampler(options, prompt: [0], seed: 1)
            let drawn = Set((0..<200).map { _ in sampler.draw(logits.span, allowed: allowed) })
            #expect(drawn.isSubset(of: [3, 64, 70, 190]) && drawn.count == min(topK ?? 4, 4))
        }
        // Tokens beyond the bits are not allowed either.
        #expect(greedy.draw(logits.span, allowed: [1 << 5]) == 5)
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

    @Test(arguments: 0..<40) func filtersKeepWhatSortingKeeps(seed: Int) {
        var random = SeededRandom(state: UInt64(seed))
        let logits = (0..<Int.random(in: 2...300, using: &random)).map { _ in
            Float(Int.random(in: -40...40, using: &random)) / 8
        }
        var options = SamplingOptions()
        options.temperature = Float.random(in: 0.2...2, using: &random)
        options.topK = Bool.random(using: &random) ? Int.random(in: 1...20, using: &random) : nil
        options.topP = Bool.random(using: &random) ? Float.random(in: 0.05...0.95, using: &random) : 1
        options.minP = Bool.random(using: &random) ? Float.random(in: 0.01...0.5, using: &random) : 0
        options.seed = UInt64(seed)
        var sampler = Sampler(options, prompt: [], seed: 0)
        let drawn = Set((0..<300).map { _ in sampler.draw(logits.span) })
        let allowed = kept(logits, options)
        #expect(drawn.isSubset(of: allowed), "\(options)")
        #expect(allowed.count > 1 || drawn == allowed)
    }

    /// What the filters keep, by sorting everything; a token at the very edge of a bound is kept too.
    private func kept(_ logits: [Float], _ options: SamplingOptions) -> Set<Int32> {
        let most = Double(logits.max() ?? 0)
        let weights = logits.map { exp((Double($0) - most) / Double(options.temperature)) }
        var order = weights.indices.sorted { (weights[$0], $1) > (weights[$1], $0) }
        if let topK = options.topK { order = Array(order.prefix(topK)) }
        order = order.filter { weights[$0] >= Double(options.minP) * 0.999_99 }
        let bound = Double(options.topP) * order.reduce(0) { $0 + weights[$1] } * 1.000_01
        var sum = 0.0
        let nucleus = order.prefix { token in
            defer { sum += weights[token] }
            return options.topP == 1 || sum < bound
        }
        return Set(nucleus.map { Int32($0) })
    }

    @Test func everyTokenOfALargeVocabularyHasItsChance() {
        // Tokens in the middle and at the very end weigh 3, all others 1.
        var logits = [Float](repeating: 0, count: 1_003)
        for index in (500..<600).map({ $0 }) + [1_000, 1_001, 1_002] { logits[index] = 1.098_612_3 }
        let drawn = draws(30_000, from: logits) {
            $0.temperature = 1; $0.seed = 5
        }
        let heavy = Double(drawn.filter { logits[Int($0)] > 0 }.count) / 30_000
        #expect(abs(heavy - 309.0 / 1_209) < 0.01)
        #expect(Set(drawn).count > 990)
    }

    @Test func worthlessLogitsDoNotBreakIt() {
        for logits: [Float] in [
            [.nan, .nan], [-.infinity, -.infinity], [.infinity, 0, 1], [.nan, 2, -.infinity],
        ] {
            let drawn = draws(20, from: logits) {
                $0.temperature = 1; $0.topK = 1; $0.seed = 1
            }
            #expect(drawn.allSatisfy { logits.indices.contains(Int($0)) })
        }
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

/// A generator that gives the same numbers for a seed.
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 31)
    }
}
