extension Reference {
    /// The `wanted` likeliest tokens of a row, of those that are as likely the first; `nil` where more than 256 are no
    /// less than the least that the kernel may leave out.
    package static func candidates(_ logits: [Float], wanted: Int) -> [Int32]? {
        let blocks = (0..<min(256, logits.count)).map { first in
            stride(from: first, to: logits.count, by: 256).reduce(-Float.infinity) { max($0, logits[$1]) }
        }
        let least = blocks.sorted(by: >)[wanted - 1]
        let left = logits.indices.filter { logits[$0] >= least }
        guard left.count <= 256 else { return nil }
        return left.sorted { (logits[$1], $0) < (logits[$0], $1) }.prefix(wanted).map { Int32($0) }
    }

    /// How much a row weighs beside its likeliest token.
    package static func weight(_ logits: [Float], slope: Float) -> Estimate {
        guard slope > 0 else { return Estimate(0.0) }
        let most = Double(logits.max() ?? 0)
        return logits.reduce(Estimate(0.0)) { sum, logit in
            let argument = (Double(logit) - most) * Double(slope)
            return sum + Estimate(argument, error: 2 * abs(argument) * Estimate.rounding).exponential
        }
    }
}
