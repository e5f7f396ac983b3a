import Foundation

/// Draws tokens for one sequence; the same seed and logits give the same tokens.
public struct Sampler: Sendable {
    private let options: SamplingOptions
    private var random: RandomBits
    private var promptTokens: Set<Int32>
    private var counts: [Int32: Int] = [:]

    /// - Parameters:
    ///   - prompt: tokens that the repetition penalty counts as seen.
    ///   - seed: used where the options name none.
    public init(_ options: SamplingOptions, prompt: some Sequence<Int32>, seed: UInt64) {
        self.options = options
        random = RandomBits(seed: options.seed ?? seed)
        promptTokens = options.repetitionPenalty == 1 ? [] : Set(prompt)
    }

    /// The next token, which from now on counts as generated.
    ///
    /// - Parameters:
    ///   - logits: `[vocabulary]`
    ///   - banned: tokens that may not be drawn.
    /// - Complexity: O(vocabulary).
    public mutating func draw(_ logits: Span<Float>, banned: Set<Int32> = []) -> Int32 {
        let token =
            adjusts || !banned.isEmpty ? choose(adjusted(logits, banned: banned)) : choosePlain(logits)
        counts[token, default: 0] += 1
        return token
    }

    private var adjusts: Bool {
        options.repetitionPenalty != 1 || options.presencePenalty != 0 || options.frequencyPenalty != 0
            || !options.logitBias.isEmpty || options.temperature > 0
    }

    private func choosePlain(_ logits: Span<Float>) -> Int32 {
        var best = 0
        for index in logits.indices where logits[index] > logits[best] { best = index }
        return Int32(best)
    }

    private func adjusted(_ logits: Span<Float>, banned: Set<Int32>) -> [Float] {
        var result = [Float](unsafeUninitializedCapacity: logits.count) { buffer, count in
            for index in logits.indices { buffer[index] = logits[index] }
            count = logits.count
        }
        for (token, bias) in options.logitBias where result.indices.contains(Int(token)) { result[Int(token)] += bias }
        if options.repetitionPenalty != 1 {
            for token in promptTokens.union(counts.keys) where result.indices.contains(Int(token)) {
                let logit = result[Int(token)]
                result[Int(token)] =
                    logit > 0 ? logit / options.repetitionPenalty : logit * options.repetitionPenalty
            }
        }
        if options.presencePenalty != 0 || options.frequencyPenalty != 0 {
            for (token, count) in counts {
                result[Int(token)] -= options.presencePenalty + options.frequencyPenalty * Float(count)
            }
        }
        for token in banned where result.indices.contains(Int(token)) { result[Int(token)] = -.infinity }
        return result
    }

    private mutating func choose(_ logits: [Float]) -> Int32 {
        guard options.temperature > 0 else { return choosePlain(logits.span) }
        var candidates = likeliest(logits)
        let most = Double(logits[Int(candidates[0])])
        let temperature = Double(options.temperature)
        var weights = candidates.map { exp((Double(logits[Int($0)]) - most) / temperature) }
        if options.minP > 0 {
            let kept = weights.prefix { $0 >= Double(options.minP) }.count
            weights.removeSubrange(max(1, kept)...)
        }
        if options.topP < 1 {
            let bound = Double(options.topP) * weights.reduce(0, +)
            var sum = 0.0
            let kept = weights.prefix { weight in
                defer { sum += weight }
                return sum < bound
            }.count
            weights.removeSubrange(max(1, kept)...)
        }
        candidates.removeSubrange(weights.count...)
        return candidates[pick(weights)]
    }

    /// Tokens by falling logit: all, or the `topK` likeliest. Those too unlikely to be drawn in a lifetime are left
    /// out.
    private func likeliest(_ logits: [Float]) -> [Int32] {
        let most = logits.max() ?? 0
        let floor = most - 40 * max(options.temperature, 1e-3)
        var tokens: [Int32] = []
        for (index, logit) in logits.enumerated() where logit >= floor { tokens.append(Int32(index)) }
        tokens.sort { (logits[Int($0)], $1) > (logits[Int($1)], $0) }
        if let topK = options.topK, topK > 0, topK < tokens.count { tokens.removeSubrange(topK...) }
        return tokens.isEmpty ? [choosePlain(logits.span)] : tokens
    }

    private mutating func pick(_ weights: [Double]) -> Int {
        var rest = random.unit() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return index }
        }
        return weights.count - 1
    }
}
