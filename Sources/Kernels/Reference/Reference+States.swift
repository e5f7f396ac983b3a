import Foundation

/// What layers with a constant state compute.
extension Reference {
    /// What a piece gives, and its state behind its last row.
    package struct Continued: Sendable {
        /// `[rows]` of the width of a row's results
        package var y: [[Estimate]]
        /// `[taps - 1][channels]` of a convolution, the oldest first; `[keySize][valueSize]` of a head's recurrence
        package var state: [[Estimate]]
    }

    /// - Parameters:
    ///   - x: `[rows]` of `channels` numbers, three times as many where the convolution is gated
    ///   - weight: `[channels][taps]`
    ///   - state: `[taps - 1][channels]`
    package static func convolve(
        _ shape: CausalConvolution.Shape, _ x: [[Float]], weight: [Float], bias: [Float]?, state: [[Float]]
    ) -> Continued {
        let (channels, taps) = (shape.channels, shape.taps)
        let given = x.map { row in
            shape.form == .silu
                ? row.map { Estimate($0) }
                : (0..<channels).map { Estimate(row[$0]) * Estimate(row[2 * channels + $0]) }
        }
        let all = state.map { $0.map { Estimate($0) } } + given
        let y = x.indices.map { row in
            (0..<channels).map { channel in
                let terms = (0..<taps).map { all[row + $0][channel] }
                let sum = inner(terms, (0..<taps).map { Estimate(weight[channel * taps + $0]) })
                guard shape.form == .silu else { return sum * Estimate(x[row][channels + channel]) }
                return estimateActivated(.silu, bias.map { sum + Estimate($0[channel]) } ?? sum)
            }
        }
        return Continued(y: y, state: all.suffix(taps - 1))
    }

    /// What a row says to one head.
    package struct RecurrentRow: Sendable {
        package var query: [Float]
        package var key: [Float]
        package var value: [Float]
        package var step: Float
        package var beta: Float

        package init(query: [Float], key: [Float], value: [Float], step: Float, beta: Float) {
            self.query = query
            self.key = key
            self.value = value
            self.step = step
            self.beta = beta
        }
    }

    /// One head's matrix, changed and read by one row after the other.
    ///
    /// Values are as the rules are written: rows read the matrix that they have changed. A kernel may read it before,
    /// and add what the row itself gives; bounds are of that, which loses more where both are large and of opposite
    /// sign.
    ///
    /// - Parameter state: `[keySize][valueSize]`
    package static func recur(
        _ shape: StateRecurrence.Shape, _ rows: [RecurrentRow], decay: Float, stepBias: Float, skip: Float,
        state: [[Float]]
    ) -> Continued {
        var matrix = state.map { $0.map { Estimate($0) } }
        let isDelta = shape.rule == .delta
        let y = rows.map { row in
            let (key, query) = (row.key.map { Estimate($0) }, row.query.map { Estimate($0) })
            let width = softplus(Estimate(row.step) + Estimate(stepBias))
            let factor = (Estimate(decay) * width).exponential
            func unit(_ x: [Estimate]) -> Estimate { (inner(x, x) + Estimate(shape.epsilon)).inverseSquareRoot }
            let unitKey = isDelta ? unit(key) : Estimate(1.0)
            let root = 1 / Double(shape.keySize).squareRoot()
            let unitQuery = isDelta ? unit(query) * Estimate(root, error: root * Estimate.rounding) : Estimate(1.0)
            let beta = sigmoid(Estimate(row.beta)), product = inner(key, query)
            return (0..<shape.valueSize).map { column in
                let before = matrix.map { $0[column] }, value = Estimate(row.value[column])
                let recalled = inner(before, key) * (factor * unitKey)
                let change = isDelta ? (value - recalled) * beta : value * width
                let read = (inner(before, query) * factor + change * (unitKey * product)) * unitQuery
                for index in key.indices {
                    matrix[index][column] = before[index] * factor + change * unitKey * key[index]
                }
                let after = zip(matrix, query).reduce(0) { $0 + $1.0[column].value * $1.1.value } * unitQuery.value
                let result = Estimate(after, error: read.error)
                return isDelta ? result : result + value * Estimate(skip)
            }
        }
        return Continued(y: y, state: matrix)
    }

    /// - Parameters:
    ///   - x: one group, as `gate`
    package static func gatedNorm(
        _ order: GatedNorm.Order, _ x: [Float], gate: [Float], weight: [Float], epsilon: Float
    ) -> [Estimate] {
        let silu = gate.map { estimateActivated(.silu, Estimate($0)) }
        guard order == .gateFirst else {
            return zip(estimateNorm(.rms, x, weight: weight, epsilon: epsilon), silu).map { $0 * $1 }
        }
        return estimateRMS(zip(x, silu).map { Estimate($0) * $1 }, weight: weight, epsilon: epsilon)
    }

    /// `log(1 + exp(x))` as `max(x, 0) + log(1 + exp(-|x|))`. The logarithm is that of `(1 + s) / (1 - s)`, a series in
    /// `s` with fifteen operations, each off by a rounding of a sum near 1.
    package static func softplus(_ x: Estimate) -> Estimate {
        let tail = Estimate(-abs(x.value), error: x.error).exponential
        let part = tail / (Estimate(2.0) + tail)
        let small = log1p(tail.value)
        let error = 2 * part.error * 1.15 + small * 15 * Estimate.rounding
        return Estimate(max(x.value, 0), error: x.error) + Estimate(small, error: error)
    }

    package static func sigmoid(_ x: Estimate) -> Estimate {
        Estimate(1.0) / (Estimate(1.0) + Estimate(-x.value, error: x.error).exponential)
    }

    /// The sum of products in any order: each goes through at most as many additions as there are, and a multiplication
    /// (Higham, 3.1).
    private static func inner(_ a: [Estimate], _ b: [Estimate]) -> Estimate {
        var (sum, size, carried) = (0.0, 0.0, 0.0)
        for (a, b) in zip(a, b) {
            sum += a.value * b.value
            size += abs(a.value * b.value)
            carried += abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
        }
        return Estimate(sum, error: carried + Double(a.count + 1) * Estimate.rounding * (size + carried))
    }
}

extension Estimate {
    fileprivate static func - (a: Estimate, b: Estimate) -> Estimate { a + Estimate(-b.value, error: b.error) }
}
