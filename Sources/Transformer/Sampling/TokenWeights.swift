import Kernels

/// How likely each token is beside the likeliest, which weighs 1: exp((logit - most) / temperature).
struct TokenWeights {
    /// `[vocabulary]`
    let weights: [Float]
    /// The sums of `blockSize` neighbours each.
    private let blocks: [Float]
    /// What all tokens weigh.
    let total: Double

    /// Chosen: of 49,152 tokens a draw looks at 768 sums and 64 weights.
    private static let blockSize = 64
    /// Lighter tokens are not drawn in a lifetime.
    private static let least: Float = 1e-17

    /// - Complexity: O(vocabulary); a tenth of a millisecond for 49,152 tokens.
    ///
    /// - Parameter all: what all tokens weigh, where there are more than these.
    init(_ logits: [Float], temperature: Float, all: Double = 0) {
        let most = logits.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
        var weights = [Float](repeating: 0, count: logits.count)
        for index in logits.indices { weights[index] = exponential((logits[index] - most) / temperature) }
        var blocks = [Float](repeating: 0, count: (weights.count + Self.blockSize - 1) / Self.blockSize)
        for block in blocks.indices {
            let start = block * Self.blockSize
            var sum: Float = 0
            for weight in weights[start..<min(weights.count, start + Self.blockSize)] { sum += weight }
            blocks[block] = sum
        }
        self.weights = weights
        self.blocks = blocks
        total = max(all, blocks.reduce(0) { $0 + Double($1) })
    }

    /// Of the likeliest tokens alone, by their places among these.
    init(_ found: CandidateTokens.Found, temperature: Float) {
        // With next to no temperature slopes have no end, and nothing weighs beside the likeliest.
        let all = found.weight.isFinite ? Double(found.weight) : 0
        self.init(found.logits, temperature: temperature, all: all)
    }

    /// The token at which the running sum passes `part` of the total.
    ///
    /// - Parameter part: 0 up to 1.
    func token(at part: Double) -> Int32 {
        var rest = part * total
        for (block, sum) in blocks.enumerated() where sum > 0 {
            guard rest < Double(sum) else {
                rest -= Double(sum)
                continue
            }
            let start = block * Self.blockSize
            return Int32(start + pick(rest, in: weights[start..<min(weights.count, start + Self.blockSize)]))
        }
        return likeliest
    }

    var likeliest: Int32 { Int32(weights.firstIndex(of: 1) ?? 0) }

    /// The tokens that may be drawn under `options`, by falling weight.
    ///
    /// - Complexity: O(vocabulary + kept * log kept).
    func kept(_ options: SamplingOptions) -> [Int32] {
        var floor = max(options.minP, Self.least)
        let count = options.topK ?? 0
        if count > 0, count < weights.count {
            floor = max(floor, lightest(ofLargest: count))
        } else if options.topP < 1, options.minP == 0 {
            // All tokens lighter than this weigh too little together to be needed.
            floor = max(floor, (1 - options.topP) * Float(total) / Float(weights.count))
        }
        var tokens: [Int32] = []
        for index in weights.indices where weights[index] >= floor { tokens.append(Int32(index)) }
        tokens.sort { (weights[Int($0)], $1) > (weights[Int($1)], $0) }
        return narrowed(tokens, options)
    }

    /// The same where these are the likeliest tokens of more, by falling weight; `nil` where some of those that are not
    /// here may be drawn too.
    func keptOfLikeliest(_ options: SamplingOptions) -> [Int32]? {
        let floor = max(options.minP, Self.least)
        let tokens = weights.prefix { $0 >= floor }.indices.map { Int32($0) }
        let kept = narrowed(tokens, options)
        if (options.topK ?? 0) > 0 || tokens.count < weights.count { return kept }
        return options.minP == 0 && weight(of: kept) >= Double(options.topP) * total ? kept : nil
    }

    /// Of tokens by falling weight, none of them too light: as many as may be drawn.
    private func narrowed(_ tokens: [Int32], _ options: SamplingOptions) -> [Int32] {
        var tokens = tokens
        let count = options.topK ?? 0
        if count > 0, count < tokens.count { tokens.removeSubrange(count...) }
        if options.topP < 1 {
            let sum = count > 0 || options.minP > 0 ? weight(of: tokens) : total
            tokens.removeSubrange(nucleus(of: tokens, weighing: Double(options.topP) * sum)...)
        }
        return tokens.isEmpty ? [likeliest] : tokens
    }

    /// Where the running sum of all weights passes a part of the total, if these come first.
    enum Place {
        case token(Int32)
        /// At a part of what the others weigh.
        case others(part: Double)
    }

    func place(at part: Double) -> Place {
        var rest = part * total
        for (token, weight) in weights.enumerated() {
            rest -= Double(weight)
            if rest < 0 { return .token(Int32(token)) }
        }
        let others = total - weights.reduce(0) { $0 + Double($1) }
        return .others(part: others > 0 ? min(rest / others, 1.0.nextDown) : 0)
    }

    /// The token of `tokens` at which the running sum of their weights passes `part` of it.
    func token(at part: Double, of tokens: [Int32]) -> Int32 {
        var rest = part * weight(of: tokens)
        for token in tokens {
            rest -= Double(weights[Int(token)])
            if rest < 0 { return token }
        }
        return tokens.last ?? likeliest
    }

    private func pick(_ rest: Double, in part: ArraySlice<Float>) -> Int {
        var (rest, last) = (rest, part.startIndex)
        for index in part.indices where part[index] > 0 {
            rest -= Double(part[index])
            last = index
            if rest < 0 { break }
        }
        return last - part.startIndex
    }

    private func weight(of tokens: [Int32]) -> Double { tokens.reduce(0) { $0 + Double(weights[Int($1)]) } }

    /// How many of the first `tokens` it takes to weigh `bound`, at least one.
    private func nucleus(of tokens: [Int32], weighing bound: Double) -> Int {
        var sum = 0.0
        let count = tokens.prefix { token in
            defer { sum += Double(weights[Int(token)]) }
            return sum < bound
        }.count
        return min(tokens.count, max(1, count))
    }

    /// A weight that at least `count` tokens reach, and few more: by the leading bits of the numbers, which stand in
    /// their order.
    private func lightest(ofLargest count: Int) -> Float {
        var counts = [Int](repeating: 0, count: Int(Float(1).bitPattern >> Self.dropped) + 1)
        for weight in weights { counts[Int(weight.bitPattern >> Self.dropped)] += 1 }
        var left = count
        for bucket in counts.indices.reversed() {
            left -= counts[bucket]
            if left <= 0 { return Float(bitPattern: UInt32(bucket) << Self.dropped) }
        }
        return 0
    }

    /// Low bits that do not tell buckets apart: those left are 1/128 wide, and 16,257 of them.
    private static let dropped: UInt32 = 16
}

/// e to the power of `x` <= 0, within an ulp or two, in a form that compilers turn into vector instructions; 0 for what
/// is next to nothing, or not a number.
///
/// Source: the reduction and polynomial of Cephes' `expf` (Moshier 1989).
@inline(__always)
private func exponential(_ x: Float) -> Float {
    // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
    let shifted = x * 1.442_695_04 + 12_582_912
    let power = shifted - 12_582_912
    let rest = x - power * 0.693_359_375 + power * 2.121_944_4e-4
    var sum: Float = 1.987_569_15e-4
    sum = sum * rest + 1.398_199_95e-3
    sum = sum * rest + 8.333_451_9e-3
    sum = sum * rest + 4.166_579_6e-2
    sum = sum * rest + 1.666_666_55e-1
    sum = sum * rest + 0.5
    let result = (sum * rest * rest + rest + 1) * Float(bitPattern: (shifted.bitPattern &<< 23) &+ (127 << 23))
    return x >= -87 ? result : 0
}
