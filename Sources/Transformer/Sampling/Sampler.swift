package import Kernels
import Quantities

/// How the next token is drawn from a step's logits.
///
/// The defaults draw greedily. Out-of-range values are refused where requests enter; here they are trusted.
package struct SamplingOptions: Sendable, Hashable {
    /// 0 draws the likeliest token; larger values flatten the distribution.
    package var temperature: Float = 0
    /// Keeps the `topK` likeliest tokens; `nil` keeps all.
    package var topK: Int?
    /// Keeps the smallest set of likeliest tokens whose probabilities reach `topP`, 0 < topP <= 1.
    package var topP: Float = 1
    /// Drops tokens less likely than `minP` times the likeliest one.
    package var minP: Float = 0
    /// Divides the positive logits, and multiplies the negative ones, of every token seen in prompt or output (CTRL,
    /// Keskar et al. 2019).
    package var repetitionPenalty: Float = 1
    /// Subtracted once from the logit of every token already generated.
    package var presencePenalty: Float = 0
    /// Subtracted from the logit of a generated token for every time it occurred.
    package var frequencyPenalty: Float = 0
    /// Added to the logits of the tokens named, before anything else.
    package var logitBias: [Int32: Float] = [:]
    /// The same seed gives the same text; `nil` draws a seed.
    package var seed: UInt64?

    package init() {}

    /// Whether only some tokens may be drawn.
    var narrows: Bool { (topK ?? 0) > 0 || topP < 1 || minP > 0 }
}

/// What a device is to find in a row of logits, so that most draws need no more of it.
package struct CandidateQuery: Sendable, Hashable {
    /// How many of the likeliest tokens.
    package var count: Int
    /// What logits are multiplied with before all tokens are weighed; 0 where their weight is of no use.
    package var slope: Float

    package init(count: Int, slope: Float) { (self.count, self.slope) = (count, slope) }
}

/// Draws tokens for one sequence; the same seed and logits give the same tokens.
package struct Sampler: Sendable {
    private let options: SamplingOptions
    private var random: SplitMix64
    private var promptTokens: Set<Int32>
    private var counts: [Int32: Int] = [:]
    /// Between a draw from candidates that did not suffice and the one from all logits: it is to be none of the tokens,
    /// but that of all others at which the sum of their weights passes a part of it.
    private var others: (part: Double, tokens: [Int32])?

    /// - Parameters:
    ///   - prompt: tokens that the repetition penalty counts as seen.
    ///   - seed: used where the options name none.
    package init(_ options: SamplingOptions, prompt: some Sequence<Int32>, seed: UInt64) {
        self.options = options
        random = SplitMix64(seed: options.seed ?? seed)
        promptTokens = options.repetitionPenalty == 1 ? [] : Set(prompt)
    }

    /// The next token, which from now on counts as generated.
    ///
    /// - Parameters:
    ///   - logits: `[vocabulary]`
    ///   - banned: tokens that may not be drawn.
    ///   - allowed: a bit for each token that may be drawn, the first in the lowest bit; `nil` allows all.
    /// - Complexity: O(vocabulary).
    package mutating func draw(_ logits: Span<Float>, banned: Set<Int32> = [], allowed: [UInt64]? = nil) -> Int32 {
        let token: Int32
        if adjusts || options.temperature > 0 || !banned.isEmpty || allowed != nil {
            var adjusted = adjusted(logits, banned: banned)
            if let allowed { adjusted.keep(allowed) }
            token = others.map { chooseOther($0.part, than: $0.tokens, adjusted) } ?? choose(adjusted)
        } else {
            token = choosePlain(logits)
        }
        others = nil
        counts[token, default: 0] += 1
        return token
    }

    /// What `draw(_:)` from candidates needs of a row; `nil` where all logits are needed.
    package var query: CandidateQuery? {
        guard !adjusts else { return nil }
        guard options.temperature > 0 else { return CandidateQuery(count: 1, slope: 0) }
        let count = max(options.topK ?? 0, 0)
        guard count <= CandidateTokens.most else { return nil }
        return count > 0
            ? CandidateQuery(count: count, slope: 0)
            : CandidateQuery(count: CandidateTokens.most, slope: 1 / options.temperature)
    }

    /// The next token, from what `query` asked for; from now on it counts as generated.
    ///
    /// Where the options narrow what may be drawn, it is the token that all logits would give. Where they do not, the
    /// likeliest tokens come first in the order in which a number decides, so that they mostly suffice.
    ///
    /// - Returns: `nil` where they do not suffice: `draw(_:banned:allowed:)` must follow, with all logits.
    package mutating func draw(_ found: CandidateTokens.Found) -> Int32? {
        guard let token = choose(found) else { return nil }
        counts[token, default: 0] += 1
        return token
    }

    private mutating func choose(_ found: CandidateTokens.Found) -> Int32? {
        guard options.temperature > 0 else { return found.tokens[0] }
        let weights = TokenWeights(found, temperature: options.temperature)
        guard !options.narrows else {
            return weights.keptOfLikeliest(options).map { found.tokens[Int(weights.token(at: random.unit(), of: $0))] }
        }
        switch weights.place(at: random.unit()) {
        case .token(let place): return found.tokens[Int(place)]
        case .others(let part):
            others = (part, found.tokens)
            return nil
        }
    }

    private func chooseOther(_ part: Double, than tokens: [Int32], _ logits: [Float]) -> Int32 {
        var logits = logits
        for token in tokens { logits[Int(token)] = -.infinity }
        let weights = TokenWeights(logits, temperature: options.temperature)
        // What weighs nothing beside the likeliest token may weigh something beside none.
        return weights.total > 0 ? weights.token(at: part) : tokens[0]
    }

    /// Whether logits are changed before a token is drawn.
    private var adjusts: Bool {
        options.repetitionPenalty != 1 || options.presencePenalty != 0 || options.frequencyPenalty != 0
            || !options.logitBias.isEmpty
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
        let weights = TokenWeights(logits, temperature: options.temperature)
        return options.narrows
            ? weights.token(at: random.unit(), of: weights.kept(options)) : weights.token(at: random.unit())
    }
}

extension [Float] {
    /// Sets all to nothing but those whose bit is set.
    fileprivate mutating func keep(_ words: [UInt64]) {
        for start in stride(from: 0, to: count, by: 64) {
            let word = start / 64 < words.count ? words[start / 64] : 0
            guard word != .max else { continue }
            for index in start..<Swift.min(start + 64, count) where word >> UInt64(index - start) & 1 == 0 {
                self[index] = -.infinity
            }
        }
    }
}
