import Compute
import Kernels

/// Rows made bytes of, as they are or normalised.
struct QuantiseCase: DispatchCase {
    var kernel: String { "quantise" }

    var rows: Int
    var depth: Int
    var norm: Normalisation.Kind?
    /// Of the norm.
    var hasBias = false
    var gathers = false
    var terms = 1
    /// The size of the numbers.
    var factor: Float = 1

    var description: String {
        "\(rows) rows of \(depth)"
            + (norm.map { $0 == .rms ? ", normed" : ", normed less their mean" } ?? "")
            + "\(hasBias ? ", biased" : "")\(gathers ? ", gathered" : "")"
            + "\(terms > 1 ? ", \(terms) terms" : ""), times \(factor)"
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let sourceRows = gathers ? rows + 3 : rows
        let x = numbers.floats(sourceRows * depth).map { $0 * factor }
        let weight = numbers.floats(depth)
        let sources = gathers ? (0..<rows).map { _ in numbers.below(sourceRows) } : Array(0..<rows)
        let bias = hasBias ? numbers.floats(depth) : nil
        let values =
            norm.map { Reference.estimateNorm($0, x, weight: weight, bias: bias, epsilon: 1e-5) }
            ?? x.map { Estimate($0) }
        let (expectedBytes, expectedScales) = results(of: sources.flatMap { values[$0 * depth..<($0 + 1) * depth] })

        let input = try TestBuffer("x", x, on: bench.device)
        let scale = try TestBuffer("weight", weight, on: bench.device)
        let list = try TestBuffer("sources", indices: sources, on: bench.device)
        let bytes = try TestBuffer(
            "bytes", [UInt32](repeating: TestBuffer.guardWord, count: rows * terms * depth / 4), on: bench.device)
        let scales = try TestBuffer(
            "scales",
            [UInt32](
                repeating: TestBuffer.guardWord,
                count: rows * terms * depth / QuantisedRows.blockSize * QuantisedRows.scalesPerBlock), on: bench.device)
        let shift = try bias.map { bias throws(ComputeError) in try TestBuffer("bias", bias, on: bench.device) }
        let normalisation = norm.map {
            Normalisation(
                kind: $0, weight: scale.buffer, bias: shift?.buffer, sources: gathers ? list.buffer : nil,
                epsilon: 1e-5)
        }
        let quantise = try Quantise(
            bench.kernels, x: input.buffer, norm: normalisation,
            y: QuantisedRows(bytes: bytes.buffer, scales: scales.buffer, terms: terms), depth: depth)
        return Trial(
            inputs: [input, scale, list] + (shift.map { [$0] } ?? []),
            outputs: [.init(buffer: bytes, expected: expectedBytes), .init(buffer: scales, expected: expectedScales)],
            roundings: 4
        ) { quantise.encode($0, rows: rows) }
    }

    /// The scale is the block's largest magnitude over 127. A byte is the nearest whole number of scales: one or the
    /// other where a number stands in the middle between two, as the inverse scale is rounded. What is left are the
    /// bytes of the next term, with a scale that is smaller by 254.
    private func results(of values: [Estimate]) -> (bytes: [ExpectedResult], scales: [ExpectedResult]) {
        var bytes: [ExpectedResult] = []
        var scales: [ExpectedResult] = []
        let blocks = depth / QuantisedRows.blockSize
        for block in 0..<values.count / QuantisedRows.blockSize {
            let numbers = values[block * QuantisedRows.blockSize..<(block + 1) * QuantisedRows.blockSize]
            let most = numbers.max { abs($0.value) < abs($1.value) } ?? Estimate(0.0)
            let doubt = numbers.reduce(0) { max($0, $1.error) }
            var scale = abs(most.value) / 127
            var scaleError = doubt / 127 + 2 * scale * Estimate.rounding
            // Of its own error, and that of the scale.
            var steps = numbers.map {
                Estimate($0.value / scale, error: 2 * doubt / scale + 127 * 4 * Estimate.rounding)
            }
            for term in 0..<terms {
                if scale < 1e-36 { steps = steps.map { _ in Estimate(0.0) } }
                let place = (block / blocks * terms + term) * blocks + block % blocks
                var (sums, unsure) = ([0.0, 0.0], [0.0, 0.0])
                for (index, step) in steps.enumerated() {
                    bytes.append(
                        ExpectedResult(
                            word: (place * QuantisedRows.blockSize + index) / 4, part: .wholeByte(index % 4),
                            estimate: Estimate(step.value, error: 0.5 + step.error)))
                    sums[index / 16] += step.nearest
                    if step.isBetween { unsure[index / 16] += max(1, (2 * step.error).rounded(.up)) }
                }
                let first = QuantisedRows.scalesPerBlock * place
                scales.append(ExpectedResult(word: first, estimate: Estimate(scale, error: scaleError)))
                for (half, sum) in sums.enumerated() {
                    let error =
                        (scale + scaleError) * unsure[half] + abs(sum) * (scaleError + 2 * scale * Estimate.rounding)
                    scales.append(
                        ExpectedResult(word: first + 1 + half, estimate: Estimate(scale * sum, error: error)))
                }
                steps = steps.map {
                    Estimate(254 * ($0.value - $0.nearest), error: $0.isBetween ? 255 : 254 * $0.error)
                }
                (scale, scaleError) = (scale / 254, scaleError / 254 + 2 * scale / 254 * Estimate.rounding)
            }
        }
        return (bytes, scales)
    }

    var smaller: [QuantiseCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + depth.smaller(downTo: 32, by: 32).map { with(\.depth, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [QuantiseCase] {
        let plain = [(nil, false), (.rms, false), (.rms, true), (.layer, false)].flatMap {
            (norm: Normalisation.Kind?, gathers: Bool) in
            [(33, 1056, 1), (1, 32, 2), (1, 2112, 2)].map {
                QuantiseCase(
                    rows: $0, depth: $1, norm: norm, hasBias: norm == .layer, gathers: gathers, terms: $2)
            }
        }
        // Where squares are small, epsilon decides.
        let small = [QuantiseCase(rows: 3, depth: 96, norm: .rms, factor: 1e-3)]
        guard fallback == .none, !isQuick else { return plain + small }
        return plain + small + [
            QuantiseCase(rows: 0, depth: 32), QuantiseCase(rows: 257, depth: 96),
            QuantiseCase(rows: 257, depth: 96, norm: .rms), QuantiseCase(rows: 3, depth: 96, factor: 0),
            QuantiseCase(rows: 3, depth: 96, factor: 1e30), QuantiseCase(rows: 3, depth: 96, factor: 1e-30),
            QuantiseCase(rows: 257, depth: 96, terms: 2), QuantiseCase(rows: 1, depth: 2112),
        ]
    }

    static func random(_ numbers: inout Numbers) -> QuantiseCase {
        let norms = numbers.below(2) == 0
        let kinds: [Normalisation.Kind?] = norms ? [.rms, .layer] : [nil]
        return QuantiseCase(
            rows: 1 + numbers.below(60), depth: 32 * (1 + numbers.below(40)), norm: numbers.pick(kinds),
            gathers: norms && numbers.below(2) == 0, terms: 1 + numbers.below(2), factor: numbers.pick([1, 1e-3, 1e3]))
    }
}

extension Estimate {
    fileprivate var nearest: Double { value.rounded(.toNearestOrEven) }
    /// Whether the nearest whole number may be one or the other of two.
    fileprivate var isBetween: Bool { abs(abs(value - value.rounded(.down)) - 0.5) < error }
}
