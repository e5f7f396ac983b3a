import Foundation

extension Reference {
    /// The experts of one row, the best first, and their weights.
    ///
    /// - Parameters:
    ///   - logits: `[experts]`
    ///   - bias: `[experts]` decides too, and is in no weight.
    package static func route(
        _ logits: [Float], bias: [Float]? = nil, used: Int, _ probabilities: ExpertRouting.Probabilities,
        isNormalised: Bool, scale: Float
    ) -> [(expert: Int, weight: Estimate)] {
        let most = Double(logits.max() ?? 0)
        let powers = logits.map { logit in
            let argument = probabilities == .softmax ? Double(logit) - most : -Double(logit)
            return Estimate(argument, error: abs(argument) * Estimate.rounding).exponential
        }
        let total = powers.reduce(Estimate(0.0)) { $0 + $1 }
        let all = powers.map { probabilities == .softmax ? $0 / total : Estimate(1.0) / (Estimate(1.0) + $0) }
        let scores = logits.indices.map { bias == nil ? Double(logits[$0]) : all[$0].value + Double(bias?[$0] ?? 0) }
        let chosen = logits.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }.prefix(used)
        let sum = chosen.reduce(Estimate(0.0)) { $0 + all[$1] }
        let least = Estimate(max(sum.value, 6.1035e-5), error: sum.error + 6.1035e-5 * Estimate.rounding)
        let factor = isNormalised ? Estimate(scale) / least : Estimate(scale)
        return chosen.map { ($0, all[$0] * factor) }
    }
}
