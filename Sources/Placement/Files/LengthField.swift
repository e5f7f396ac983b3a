import Workloads

/// How long prompts or outputs are: a mean, around which lengths spread as in ShareGPT's conversations, or a
/// distribution: `64`, `{uniform: [16, 64]}`, `{exponential: 64, limits: [4, 256]}` or
/// `{lognormal: 64, spread: 0.8, limits: [4, 256]}`, where the number is the mean.
struct LengthField {
    /// Means that may be given, in tokens: no context is longer.
    static let means = 1e-3...Double(1 << 24)

    let mean: Double
    let distribution: LengthDistribution

    init(promptsOf model: YAMLField, mean: Double) throws(FileError) {
        try self.init(model, "prompts", "prompt_len", mean) { mean in
            .logNormal(mean: min(mean, 512), spread: 1.2, limits: 4...1024)
        }
    }

    init(outputsOf model: YAMLField, mean: Double) throws(FileError) {
        try self.init(model, "outputs", "output_len", mean) { mean in
            .logNormal(mean: min(mean, 682), spread: 0.95, limits: 4...1536)
        }
    }

    private init(
        _ model: YAMLField, _ key: String, _ meanKey: String, _ standard: Double,
        around spread: (Double) -> LengthDistribution
    ) throws(FileError) {
        if let field = try model.optional(key) {
            if let other = try model.optional(meanKey) { throw other.error("contradicts \(key)") }
            distribution = try LengthDistribution(yaml: field)
            mean = distribution.mean
        } else {
            mean = try model.positive(or: standard, meanKey, Self.means)
            distribution = spread(mean)
        }
    }
}

extension LengthDistribution {
    fileprivate init(yaml field: YAMLField) throws(FileError) {
        if field.isScalar {
            self = .fixed(try field.integer(1...(1 << 24)))
        } else if let range = try field.optional("uniform") {
            try field.allowOnly(["uniform"])
            self = .uniform(try range.range())
        } else if let mean = try field.optional("exponential") {
            try field.allowOnly(["exponential", "limits"])
            let limits = try field.field("limits").range()
            self = .exponential(mean: try mean.positive(within: limits), limits: limits)
        } else {
            try field.allowOnly(["lognormal", "spread", "limits"])
            let limits = try field.field("limits").range()
            self = .logNormal(
                mean: try field.field("lognormal").positive(within: limits),
                spread: try field.positive(or: 1, "spread", 1e-3...100), limits: limits)
        }
    }
}

extension YAMLField {
    /// Two token counts, the smaller first.
    fileprivate func range() throws(FileError) -> ClosedRange<Int> {
        let ends = try elements()
        guard ends.count == 2 else { throw error("has \(ends.count) numbers, expected the least and the most tokens") }
        let low = try ends[0].integer(1...(1 << 24))
        return low...(try ends[1].integer(low...(1 << 24)))
    }

    fileprivate func positive(within limits: ClosedRange<Int>) throws(FileError) -> Double {
        let value = try positive()
        guard Double(limits.lowerBound) < value, value < Double(limits.upperBound) else {
            throw error("is \(value), expected a mean between the limits \(limits.lowerBound) and \(limits.upperBound)")
        }
        return value
    }
}
