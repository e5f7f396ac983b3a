import ConfigurationFiles
import Workloads

/// How long prompts or outputs are: a mean, around which lengths spread as in ShareGPT's conversations, or a
/// distribution: `64`, `{uniform: [16, 64]}`, `{exponential: 64, limits: [4, 256]}` or
/// `{lognormal: 64, spread: 0.8, limits: [4, 256]}`, where the number is the mean.
struct LengthField {
    /// Means that may be given, in tokens: no context is longer.
    static let means = 1e-3...Double(1 << 24)

    let mean: Double
    let distribution: LengthDistribution

    // The spreads are ShareGPT's, as in `LengthDistribution`; the limits fill the context that workloads have by
    // default, 2,560 tokens, and means are kept well within them.
    init(promptsOf model: Field, mean: Double) throws(FileError) {
        try self.init(model, "prompts", "prompt_len", mean) { mean in
            .logNormal(mean: min(mean, 512), spread: 1.2, limits: 4...1024)
        }
    }

    init(outputsOf model: Field, mean: Double) throws(FileError) {
        try self.init(model, "outputs", "output_len", mean) { mean in
            .logNormal(mean: min(mean, 682), spread: 0.95, limits: 4...1536)
        }
    }

    private init(
        _ model: Field, _ key: String, _ meanKey: String, _ standard: Double,
        around spread: (Double) -> LengthDistribution
    ) throws(FileError) {
        if let field = try model.optional(key) {
            if let other = try model.optional(meanKey) { throw other.error("contradicts \(key)") }
            distribution = try LengthDistribution(field)
            mean = distribution.mean
        } else {
            mean = try model.optional(meanKey)?.number(Self.means) ?? standard
            distribution = spread(mean)
        }
    }
}

extension LengthDistribution {
    fileprivate init(_ field: Field) throws(FileError) {
        if field.isValue {
            self = .fixed(try field.integer(1...(1 << 24)))
        } else if let range = try field.optional("uniform") {
            try field.allowOnly(["uniform"])
            self = .uniform(try range.range())
        } else if let mean = try field.optional("exponential") {
            try field.allowOnly(["exponential", "limits"])
            let limits = try field.field("limits").range()
            self = .exponential(mean: try mean.number(within: limits), limits: limits)
        } else {
            try field.allowOnly(["lognormal", "spread", "limits"])
            let limits = try field.field("limits").range()
            self = .logNormal(
                mean: try field.field("lognormal").number(within: limits),
                spread: try field.optional("spread")?.number(1e-3...100) ?? 1, limits: limits)
        }
    }
}

extension Field {
    /// Two token counts, the smaller first.
    fileprivate func range() throws(FileError) -> ClosedRange<Int> {
        let ends = try elements()
        guard ends.count == 2 else { throw error("must be the least and the most tokens; has \(ends.count) numbers") }
        let low = try ends[0].integer(1...(1 << 24))
        return low...(try ends[1].integer(low...(1 << 24)))
    }

    fileprivate func number(within limits: ClosedRange<Int>) throws(FileError) -> Double {
        let value = try number()
        guard Double(limits.lowerBound) < value, value < Double(limits.upperBound) else {
            let (least, most) = (limits.lowerBound, limits.upperBound)
            throw error("must be a mean between the limits \(least) and \(most); is \(value)")
        }
        return value
    }
}
