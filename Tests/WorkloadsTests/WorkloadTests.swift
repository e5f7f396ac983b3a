import Foundation
import Quantities
import Testing
import Workloads

struct WorkloadTests {
    @Test func generatorMatchesItsReference() {
        // First outputs of SplitMix64 for seed 1234567, from the published reference program.
        var random = SplitMix64(seed: 1_234_567)
        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
        #expect(random.next() == 9_817_491_932_198_370_423)
    }

    @Test(arguments: [
        LengthDistribution.shareGPTPrompts, .shareGPTOutputs, .uniform(10...30),
        .exponential(mean: 220, limits: 4...2000),
        .exponential(mean: 500, limits: 1...600), .fixed(7),
    ])
    func lengthsHaveTheirMean(distribution: LengthDistribution) {
        var random = SplitMix64(seed: 1)
        let lengths = (0..<60_000).map { _ in distribution.sample(using: &random) }
        let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
        #expect(abs(mean / distribution.mean - 1) < 0.02)
        #expect(lengths.allSatisfy(distribution.limits.contains))
    }

    @Test func shareGPTMeansAreThePapers() {
        #expect(abs(LengthDistribution.shareGPTPrompts.mean - 161) < 0.1)
        #expect(abs(LengthDistribution.shareGPTOutputs.mean - 338) < 0.1)
    }

    /// Quantiles of drawn lengths are those of a log-normal distribution cut off at its limits.
    @Test(arguments: [LengthDistribution.shareGPTPrompts, .shareGPTOutputs])
    func shareGPTQuantilesAreLogNormal(distribution: LengthDistribution) throws {
        guard case .logNormal(let location, let spread, let limits) = distribution else {
            Issue.record("not log-normal")
            return
        }
        func below(_ length: Double) -> Double { 0.5 * erfc(-(log(length) - location) / (spread * 2.0.squareRoot())) }
        let low = below(Double(limits.lowerBound) - 0.5)
        let inside = below(Double(limits.upperBound) + 0.5) - low
        var random = SplitMix64(seed: 9)
        let lengths = (0..<60_000).map { _ in distribution.sample(using: &random) }.sorted()
        for part in [0.1, 0.25, 0.5, 0.75, 0.9, 0.99] {
            let drawn = Double(lengths[Int(part * Double(lengths.count))])
            #expect(abs((below(drawn) - low) / inside - part) < 0.015, "quantile \(part) is \(drawn)")
        }
    }

    @Test(arguments: [(ArrivalProcess.poisson, 1.0), (.gamma(cv: 2), 2), (.gamma(cv: 0.5), 0.5), (.deterministic, 0)])
    func gapsHaveTheirMeanAndVariation(process: ArrivalProcess, cv: Double) {
        var random = SplitMix64(seed: 2)
        let gaps = (0..<100_000).map { _ in process.gap(rate: 5, using: &random) }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        #expect(abs(mean - 0.2) < 0.005)
        #expect(abs(variance.squareRoot() / mean - cv) < 0.05)
    }

    @Test func powerLawIsThePapers() {
        // Offered rates of 19 models at rate scale 0.5 (MuxServe's synthetic workloads).
        for (alpha, total) in [(0.7, 107.0), (0.9, 80.6), (1.3, 51.3), (1.7, 37.5), (2.1, 30.5)] {
            let rates = PowerLaw(alpha: alpha, maxRate: 20).rates(count: 19)
            #expect(abs(rates.reduce(0, +) - total) < 0.06)
        }
        let law = PowerLaw(alpha: 0.9, totalRate: 12, count: 4)
        #expect(abs(law.rates(count: 4).reduce(0, +) - 12) < 1e-9)
    }

    @Test func requestsFollowTheSeed() throws {
        var workload = Workload(
            models: [WorkloadModel(name: "a", rate: 5), WorkloadModel(name: "b", rate: 1)], duration: 100)
        let requests = try workload.requests(seed: 3)
        #expect(requests == (try workload.requests(seed: 3)))
        #expect(requests != (try workload.requests(seed: 4)))
        #expect(requests.map(\.arrival) == requests.map(\.arrival).sorted())
        #expect(requests.allSatisfy { $0.promptTokens + $0.outputTokens <= 2048 && $0.arrival <= 100 })
        #expect(abs(requests.count - 600) < 80)

        workload.models.append(WorkloadModel(name: "c", rate: 2, requestLimit: 10))
        let more = try workload.requests(seed: 3)
        #expect(more.filter { $0.model != "c" } == requests)
        #expect(more.count == requests.count + 10)
    }

    @Test func contextLimitHolds() throws {
        let model = WorkloadModel(name: "a", rate: 10, prompts: .fixed(90), outputs: .uniform(5...1000))
        let requests = try Workload(models: [model], duration: 20, contextLimit: 100).requests(seed: 1)
        #expect(!requests.isEmpty)
        #expect(requests.allSatisfy { $0.promptTokens == 90 && (5...10).contains($0.outputTokens) })
    }

    @Test func refusesWhatCannotBeServed() {
        #expect(throws: WorkloadError.noModels) { try Workload(models: [], duration: 1).validate() }
        #expect(throws: WorkloadError.duplicateModel("a")) {
            try Workload(models: [.init(name: "a", rate: 1), .init(name: "a", rate: 1)], duration: 1).validate()
        }
        for rate in [0, -1, .nan, .infinity] {
            let error = #expect(throws: WorkloadError.self) {
                try Workload(models: [.init(name: "a", rate: rate)], duration: 1).validate()
            }
            #expect(error?.description.contains("model a: rate is") == true)
        }
    }
}
