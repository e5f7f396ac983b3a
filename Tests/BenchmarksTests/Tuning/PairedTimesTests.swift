import Benchmarks
import Quantities
import Testing

/// When one thing counts as faster than another, on machines that drift.
struct PairedTimesTests {
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) << 32 | (state &* 2_862_933_555_777_941_757) >> 32
        }
    }

    /// Pairs of a machine that becomes twice as slow, with so much noise on each time.
    private static func pairs(_ count: Int, ratio: Double, noise: Double, seed: Int) -> PairedTimes {
        var numbers = Numbers(state: UInt64(seed) &* 77_777 &+ 5)
        func time(_ drift: Double) -> Double { drift * (1 + Double.random(in: -noise...noise, using: &numbers)) }
        return PairedTimes(
            (0..<count).map { index in
                let drift = 1 + Double(index) / Double(count)
                return PairedTimes.Pair(base: time(drift), other: ratio * time(drift))
            })
    }

    @Test(arguments: 1...20) func driftIsNoGain(_ seed: Int) {
        let times = Self.pairs(9, ratio: 0.9, noise: 0.005, seed: seed)
        #expect(times.isFaster && abs(times.ratio - 0.9) < 0.01)
        #expect(Self.pairs(9, ratio: 1.1, noise: 0.005, seed: seed).isSlower)
        let same = Self.pairs(9, ratio: 1, noise: 0, seed: seed)
        #expect(!same.isFaster && !same.isSlower && same.margin == PairedTimes.leastMargin)
    }

    /// However noisy times are, chance alone seldom looks like a gain.
    @Test(arguments: [0.01, 0.05, 0.3]) func noiseIsSeldomAGain(_ noise: Double) {
        let wins = (0..<400).count { Self.pairs(9, ratio: 1, noise: noise, seed: $0).isFaster }
        #expect(wins <= 16, "\(wins) of 400")
    }

    @Test func aGainWithinTheNoiseDoesNotCount() {
        let wins = (0..<100).count { Self.pairs(25, ratio: 0.99, noise: 0.3, seed: $0).isFaster }
        #expect(wins <= 6, "\(wins) of 100")
        #expect(PairedTimes([]).ratio == 1 && !PairedTimes([]).isFaster)
    }
}
