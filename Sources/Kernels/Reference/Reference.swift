import Foundation

/// The kernels in plain Swift, in double precision: what every device is compared with.
///
/// The functions that give `Estimate` say beside each value how far off a kernel may be that computes it in single
/// precision.
package enum Reference {
    /// `x` `[rows][depth]` times `w` `[columns][depth]`, giving `[rows][columns]`.
    package static func matmul(_ x: [Float], _ w: [Float], rows: Int, depth: Int, columns: Int) -> [Float] {
        estimateMatmul(x, w, rows: rows, depth: depth, columns: columns).map { Float($0.value) }
    }

    /// - Parameter magnitudes: `[columns][depth]` what each weight's rounding is relative to, where it is put together
    ///   from parts, as `|q d| + |m|` is for a quantised one; `nil` for plain weights. With `inHalves` operands are
    ///   rounded to halves before they are multiplied, as matrix units want them.
    package static func estimateMatmul(
        _ x: [Float], _ w: [Float], magnitudes: [Float]? = nil, inHalves: Bool = false, rows: Int, depth: Int,
        columns: Int
    ) -> [Estimate] {
        var y: [Estimate] = []
        y.reserveCapacity(rows * columns)
        for row in 0..<rows {
            for column in 0..<columns { y.append(dot(x, row, w, magnitudes ?? w, column, depth, inHalves: inHalves)) }
        }
        return y
    }

    /// The product of one row and one column. A term goes through at most `depth` additions and four operations of its
    /// own (a quantised one is scaled, offset, and added up in blocks), each of which rounds: (depth + 4) * rounding *
    /// sum |x| * magnitude (Higham, 3.1). An operand below the smallest normal float may count as zero. A half is one
    /// of the two neighbours: each operand is off by 2^-10 of itself, or by 2^-24 where that is more; of x it is 16
    /// times as much, as it is made smaller before.
    private static func dot(
        _ x: [Float], _ row: Int, _ w: [Float], _ magnitudes: [Float], _ column: Int, _ depth: Int,
        inHalves: Bool = false
    ) -> Estimate {
        var (sum, magnitude, flushed, rounded) = (0.0, 0.0, 0.0, 0.0)
        for k in 0..<depth {
            let a = x[row * depth + k]
            let b = w[column * depth + k]
            let size = abs(Double(a) * Double(magnitudes[column * depth + k]))
            sum += Double(a) * Double(b)
            magnitude += size
            if a.isSubnormal || b.isSubnormal { flushed += size }
            if inHalves {
                let (a, b) = (Double(abs(a)), Double(abs(magnitudes[column * depth + k])))
                rounded += max(0x1p-10 * a, 0x1p-20) * b + a * max(0x1p-10 * b, 0x1p-24)
            }
        }
        return Estimate(sum, error: Double(depth + 4) * Estimate.rounding * magnitude + flushed + rounded)
    }

    /// One head's vector rotated: pairs of neighbours of the first `2 * angles.count` elements.
    package static func rope(_ x: [Float], angles: [Double]) -> [Float] {
        estimateRope(x, turns: angles.map { (cos($0), sin($0)) }).map { Float($0.value) }
    }

    /// - Parameter turns: cosine and sine of each pair's angle.
    package static func estimateRope(_ x: [Float], turns: [(Double, Double)]) -> [Estimate] {
        var y = x.map { Estimate($0) }
        for (pair, turn) in turns.enumerated() {
            let (a, b) = (y[2 * pair], y[2 * pair + 1])
            let (cosine, sine) = (Estimate(turn.0), Estimate(turn.1))
            y[2 * pair] = a * cosine + b * Estimate(-turn.1)
            y[2 * pair + 1] = a * sine + b * cosine
        }
        return y
    }

    /// What becomes of a head's scores besides the softmax, as in `AttentionScores`.
    package struct Scores: Sendable {
        package var scale: Float
        package var cap: Float?
        package var sink: Float?

        package init(scale: Float, cap: Float? = nil, sink: Float? = nil) {
            self.scale = scale
            self.cap = cap
            self.sink = sink
        }
    }

    /// One query `[headSize]` against `keys` and `values` `[tokens][headSize]`.
    package static func attention(query: [Float], keys: [[Float]], values: [[Float]], _ scores: Scores) -> [Float] {
        estimateAttention(query: query, keys: keys, values: values, scores, lanes: 1).map { Float($0.value) }
    }

    /// The running softmax multiplies each weight once more whenever a token is added, by an exponential whose
    /// arguments add up to at most `most - score`: 4 roundings a token, and 2 |most - score| of all exponentials
    /// together. Lanes are merged at the end: an addition for each, an exponential and a product. Scores carry the
    /// errors of their dot products into each weight, twice: once by the maximum. A sink is one more weight, whose
    /// maximum may come after all others.
    ///
    /// - Parameter lanes: the most parts that the tokens are spread over.
    package static func estimateAttention(
        query: [Float], keys: [[Float]], values: [[Float]], _ scores: Scores, lanes: Int
    ) -> [Estimate] {
        let (scale, sink) = (Estimate(scores.scale), scores.sink.map { Estimate($0) })
        let logits = keys.map { key in
            let product = dot(query, 0, key, key, 0, query.count)
            guard let cap = scores.cap.map({ Estimate($0) }) else { return product * scale }
            return (product * (scale / cap)).hyperbolicTangent * cap
        }
        let most = logits.reduce(sink?.value ?? -.infinity) { max($0, $1.value) }
        let doubt = 2 * logits.reduce(0) { max($0, $1.error) }
        func weight(_ logit: Estimate) -> Estimate {
            let weight = exp(logit.value - most)
            let roundings = Double(4 * (keys.count + (sink == nil ? 0 : 2)) + lanes + 8) + 2 * (most - logit.value)
            return Estimate(weight, error: weight * (exp(doubt) - 1 + roundings * Estimate.rounding))
        }
        let weights = logits.map(weight), all = weights + (sink.map { [weight($0)] } ?? [])
        let total = Estimate(all.reduce(0) { $0 + $1.value }, error: all.reduce(0) { $0 + $1.error })
        return query.indices.map { index in
            var (sum, error) = (0.0, 0.0)
            for (weight, value) in zip(weights, values) {
                sum += weight.value * Double(value[index])
                error += weight.error * abs(Double(value[index]))
            }
            return Estimate(sum, error: error) / total
        }
    }
}
