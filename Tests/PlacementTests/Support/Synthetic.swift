import Placement
import Quantities
import Workloads

/// Costs and demands that need no measured data.
enum Synthetic {
    static let table = Roofline(peak: .a100).table(for: ModelProfile.llamas, memoryBytes: 80e9)
    static let costs = CostModel(table)

    static func demands(_ count: Int, totalRate: Double, seed: UInt64) -> [ModelDemand] {
        var random = SplitMix64(seed: seed)
        let rates = PowerLaw(alpha: 0.9, totalRate: totalRate, count: count).rates(count: count)
        return rates.enumerated().map { index, rate in
            let sizes: [ModelProfile] = [.llama7B, .llama7B, .llama7B, .llama13B, .llama13B, .llama30B, .llama65B]
            return ModelDemand(
                name: "m\(index)", profile: sizes[random.integer(in: 0...sizes.count - 1)], rate: rate)
        }
    }
}
