import Compute
import Kernels

/// Normalised rows, in order or gathered.
struct NormCase: DispatchCase {
    var kernel: String { "norm" }

    var rows: Int
    var width: Int
    var gathers = false
    /// The size of the numbers: where their squares are small, epsilon decides.
    var factor: Float = 1
    var special: SpecialValue?
    var kind = Normalisation.Kind.rms
    var hasBias = false
    /// What the result is added with to what is there; `nil` where it takes its place.
    var added: Float?

    var description: String {
        "\(rows) rows of \(width)\(gathers ? ", gathered" : ""), times \(factor)"
            + (kind == .rms ? "" : ", less their mean") + (hasBias ? ", biased" : "")
            + (added.map { ", added times \($0)" } ?? "")
            + (special.map { ", \($0.rawValue)" } ?? "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let epsilon: Float = 1e-5
        let sourceRows = gathers ? rows + 3 : rows
        var x = numbers.floats(sourceRows * width).map { $0 * factor }
        special?.place(in: &x, rows: sourceRows, width: width)
        let weight = numbers.floats(width)
        let sources = gathers ? (0..<rows).map { _ in numbers.below(sourceRows) } : Array(0..<rows)
        let bias = hasBias ? numbers.floats(width) : nil
        let old = added.map { _ in numbers.floats(rows * width) }
        let normed = Reference.estimateNorm(kind, x, weight: weight, bias: bias, epsilon: epsilon)
        let expected = (0..<rows * width).map { word in
            let result = normed[sources[word / width] * width + word % width]
            let all = if let old, let added { Estimate(old[word]) + result * Estimate(added) } else { result }
            return ExpectedResult(word: word, estimate: all)
        }

        let input = try TestBuffer("x", x, on: bench.device)
        let scale = try TestBuffer("weight", weight, on: bench.device)
        let shift = try bias.map { bias throws(ComputeError) in try TestBuffer("bias", bias, on: bench.device) }
        let list = try TestBuffer("sources", indices: sources, on: bench.device)
        let output = try TestBuffer(
            "y", old?.map(\.bitPattern) ?? [UInt32](repeating: TestBuffer.guardWord, count: rows * width),
            guardWords: 1024 + width, on: bench.device)
        let norm = try Norm(
            bench.kernels, x: input.buffer,
            Normalisation(
                kind: kind, weight: scale.buffer, bias: shift?.buffer, sources: gathers ? list.buffer : nil,
                epsilon: epsilon),
            y: output.buffer, width: width, isAdded: added != nil, scale: added ?? 1)
        return Trial(
            inputs: [input, scale, list] + (shift.map { [$0] } ?? []),
            outputs: [.init(buffer: output, expected: expected)], roundings: width
        ) { norm.encode($0, rows: rows) }
    }

    var smaller: [NormCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + width.smaller(downTo: 4, by: 4).map { with(\.width, $0) }
    }
}

extension NormCase {
    /// Rows, and quads of a row.
    private static let shapes = [(0, 1), (1, 257), (31, 1), (33, 31), (127, 33), (257, 127), (5, 144)]

    static func table(_ fallback: Fallback, isQuick: Bool) -> [NormCase] {
        let shapes = fallback == .none && !isQuick ? shapes : [(33, 33), (1, 257)]
        let plain = shapes.flatMap { rows, quads in
            [false, true].map { NormCase(rows: rows, width: 4 * quads, gathers: $0) }
        }
        let others = shapes.flatMap { rows, quads in
            let plain = NormCase(rows: rows, width: 4 * quads), layer = plain.with(\.kind, .layer)
            return [
                layer, layer.with(\.hasBias, true).with(\.gathers, true), plain.with(\.added, 0.5),
                layer.with(\.hasBias, true).with(\.added, 1), plain.with(\.hasBias, true),
            ]
        }
        let small = [NormCase(rows: 3, width: 68, factor: 1e-3), NormCase(rows: 3, width: 68, factor: 0)]
        switch fallback {
        case .none where isQuick: return plain + small + others
        // Nothing is defined of an infinity here that Vulkan would not leave open.
        case .none:
            return plain + small + others
                + [.notANumber, .subnormal, .negativeZero].map { NormCase(rows: 5, width: 36, special: $0) }
        case .smallBindings:
            return [NormCase(rows: 100, width: 260), NormCase(rows: 100, width: 260, gathers: true)]
        default: return plain + others
        }
    }

    static func random(_ numbers: inout Numbers) -> NormCase {
        NormCase(
            rows: 1 + numbers.below(60), width: 4 * (1 + numbers.below(200)), gathers: numbers.below(2) == 0,
            factor: numbers.pick([1, 1e-3, 1e3]), kind: numbers.pick(Normalisation.Kind.allCases))
    }
}
