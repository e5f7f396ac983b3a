import Compute
import Kernels

/// Rows made bytes of, as they are or normalised.
struct QuantiseCase: DispatchCase {
    var kernel: String { "quantise" }

    var rows: Int
    var depth: Int
    var norms = false
    var gathers = false
    /// The size of the numbers.
    var factor: Float = 1

    var description: String {
        "\(rows) rows of \(depth)\(norms ? ", normed" : "")\(gathers ? ", gathered" : ""), times \(factor)"
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let sourceRows = gathers ? rows + 3 : rows
        let x = numbers.floats(sourceRows * depth).map { $0 * factor }
        let weight = numbers.floats(depth)
        let sources = gathers ? (0..<rows).map { _ in numbers.below(sourceRows) } : Array(0..<rows)
        let values = norms ? Reference.estimateRMSNorm(x, weight: weight, epsilon: 1e-5) : x.map { Estimate($0) }
        let (expectedBytes, expectedScales) = results(of: sources.flatMap { values[$0 * depth..<($0 + 1) * depth] })

        let input = try TestBuffer("x", x, on: bench.device)
        let scale = try TestBuffer("weight", weight, on: bench.device)
        let list = try TestBuffer("sources", indices: sources, on: bench.device)
        let bytes = try TestBuffer(
            "bytes", [UInt32](repeating: TestBuffer.guardWord, count: rows * depth / 4), on: bench.device)
        let scales = try TestBuffer(
            "scales",
            [UInt32](
                repeating: TestBuffer.guardWord,
                count: rows * depth / QuantisedRows.blockSize * QuantisedRows.scalesPerBlock), on: bench.device)
        let norm = Normalisation(weight: scale.buffer, sources: gathers ? list.buffer : nil, epsilon: 1e-5)
        let quantise = try Quantise(
            bench.kernels, x: input.buffer, norm: norms ? norm : nil,
            y: QuantisedRows(bytes: bytes.buffer, scales: scales.buffer), depth: depth)
        return Trial(
            inputs: [input, scale, list],
            outputs: [.init(buffer: bytes, expected: expectedBytes), .init(buffer: scales, expected: expectedScales)],
            roundings: 4
        ) { quantise.encode($0, rows: rows) }
    }

    /// The scale is the block's largest magnitude over 127. A byte is the nearest whole number of scales: one or the
    /// other where a number stands in the middle between two, as the inverse scale is rounded.
    private func results(of values: [Estimate]) -> (bytes: [ExpectedResult], scales: [ExpectedResult]) {
        var bytes: [ExpectedResult] = []
        var scales: [ExpectedResult] = []
        for (block, start) in stride(from: 0, to: values.count, by: QuantisedRows.blockSize).enumerated() {
            let numbers = values[start..<start + QuantisedRows.blockSize]
            let most = numbers.max { abs($0.value) < abs($1.value) } ?? Estimate(0.0)
            let doubt = numbers.reduce(0) { max($0, $1.error) }
            let scale = abs(most.value) / 127
            var (sums, unsure) = ([0.0, 0.0], [0.0, 0.0])
            for (index, number) in numbers.enumerated() {
                let step = scale < 1e-36 ? 0 : number.value / scale
                // Of its own error, and that of the scale.
                let error = scale < 1e-36 ? 0 : 2 * doubt / scale + 127 * 4 * Estimate.rounding
                bytes.append(
                    ExpectedResult(
                        word: (start + index) / 4, part: .wholeByte((start + index) % 4),
                        estimate: Estimate(step, error: 0.5 + error)))
                sums[index / 16] += step.rounded(.toNearestOrEven)
                if abs(abs(step - step.rounded(.down)) - 0.5) < error { unsure[index / 16] += 1 }
            }
            let scaleError = doubt / 127 + 2 * scale * Estimate.rounding
            let first = QuantisedRows.scalesPerBlock * block
            scales.append(ExpectedResult(word: first, estimate: Estimate(scale, error: scaleError)))
            for (half, sum) in sums.enumerated() {
                let error =
                    (scale + scaleError) * unsure[half] + abs(sum) * (scaleError + 2 * scale * Estimate.rounding)
                scales.append(
                    ExpectedResult(word: first + 1 + half, estimate: Estimate(scale * sum, error: error)))
            }
        }
        return (bytes, scales)
    }

    var smaller: [QuantiseCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + depth.smaller(downTo: 32, by: 32).map { with(\.depth, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [QuantiseCase] {
        let plain = [(false, false), (true, false), (true, true)].flatMap { norms, gathers in
            [(33, 1056), (1, 32)].map { QuantiseCase(rows: $0, depth: $1, norms: norms, gathers: gathers) }
        }
        // Where squares are small, epsilon decides.
        let small = [QuantiseCase(rows: 3, depth: 96, norms: true, factor: 1e-3)]
        guard fallback == .none, !isQuick else { return plain + small }
        return plain + small + [
            QuantiseCase(rows: 0, depth: 32), QuantiseCase(rows: 257, depth: 96),
            QuantiseCase(rows: 257, depth: 96, norms: true), QuantiseCase(rows: 3, depth: 96, factor: 0),
            QuantiseCase(rows: 3, depth: 96, factor: 1e30), QuantiseCase(rows: 3, depth: 96, factor: 1e-30),
        ]
    }

    static func random(_ numbers: inout Numbers) -> QuantiseCase {
        let norms = numbers.below(2) == 0
        return QuantiseCase(
            rows: 1 + numbers.below(60), depth: 32 * (1 + numbers.below(40)), norms: norms,
            gathers: norms && numbers.below(2) == 0, factor: numbers.pick([1, 1e-3, 1e3]))
    }
}
