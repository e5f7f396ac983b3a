import Foundation
import Placement
import Quantities
import Testing
import Workloads

struct RateMeterTests {
    /// A Poisson process is measured without bias, from soon after the start on.
    @Test(arguments: [0.5, 4, 30], [2.0, 20]) func ratesAreRight(rate: Double, halfLife: Double) {
        var sum = 0.0
        let runs = 400
        for seed in 0..<runs {
            var random = SplitMix64(seed: UInt64(seed))
            var meter = RateMeter(halfLife: halfLife, start: 100)
            // Between half a half-life and four.
            let end = 100 + halfLife * (0.5 + 3.5 * random.unit())
            var time = 100 + random.exponential(mean: 1 / rate)
            while time <= end {
                meter.arrived("a", promptTokens: 1, at: time)
                time += random.exponential(mean: 1 / rate)
            }
            sum += meter.rate(of: "a", at: end)
        }
        let deviation = (rate / (halfLife * Double(runs))).squareRoot()
        #expect(abs(sum / Double(runs) - rate) < 5 * max(deviation, 0.01 * rate), "\(sum / Double(runs))")
    }

    @Test func silenceHalvesTheRate() {
        var meter = RateMeter(halfLife: 10)
        for second in 0..<1000 { meter.arrived("a", promptTokens: 5, at: Double(second)) }
        let rate = meter.rate(of: "a", at: 1000)
        #expect(abs(rate - 1) < 0.05)
        #expect(abs(meter.rate(of: "a", at: 1010) - rate / 2) < 1e-9)
        #expect(abs(meter.rate(of: "a", at: 1030) - rate / 8) < 1e-9)
        #expect(meter.rate(of: "b", at: 1000) == 0)
        #expect(RateMeter(halfLife: 10).rate(of: "a", at: 0) == 0)
    }

    /// What comes a little late counts as if it had come in time.
    @Test(arguments: 1...8) func orderDoesNotMatter(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let times = (0..<200).map { _ in 50 * random.unit() }
        var (first, second) = (RateMeter(halfLife: 7), RateMeter(halfLife: 7))
        for (index, time) in times.enumerated() {
            first.arrived("a", promptTokens: index, at: time)
            first.ended("a", outputTokens: 2 * index, at: time)
        }
        for (index, time) in times.enumerated().sorted(by: { $0.element < $1.element }) {
            second.arrived("a", promptTokens: index, at: time)
            second.ended("a", outputTokens: 2 * index, at: time)
        }
        #expect(abs(first.rate(of: "a", at: 60) / second.rate(of: "a", at: 60) - 1) < 1e-9)
        let demand = ModelDemand(name: "a", profile: .llama7B, rate: 1)
        let (a, b) = (first.measured(demand, at: 60), second.measured(demand, at: 60))
        #expect(abs(a.meanPromptTokens / b.meanPromptTokens - 1) < 1e-9)
        #expect(abs(a.meanOutputTokens / (2 * a.meanPromptTokens) - 1) < 1e-9)
    }

    /// Lengths follow what is asked lately; what was never seen stays as it was expected.
    @Test func lengthsAreMeasured() {
        var meter = RateMeter(halfLife: 1)
        let demand = ModelDemand(name: "a", profile: .llama7B, rate: 3, meanPromptTokens: 7, meanOutputTokens: 9)
        #expect(meter.measured(demand, at: 5).meanPromptTokens == 7)
        #expect(meter.measured(demand, at: 5).rate > 0)
        for second in 0..<40 { meter.arrived("a", promptTokens: second < 20 ? 1000 : 10, at: Double(second)) }
        let measured = meter.measured(demand, at: 40)
        #expect(abs(measured.meanPromptTokens - 10) < 0.01 && measured.meanOutputTokens == 9)
    }
}
