import Compute
import Kernels

/// Normalised rows, in order or gathered.
struct RMSNormCase: DispatchCase {
    var kernel: String { "rms_norm" }

    var rows: Int
    var width: Int
    var gathers = false
    /// The size of the numbers: where their squares are small, epsilon decides.
    var factor: Float = 1
    var special: SpecialValue?

    var description: String {
        "\(rows) rows of \(width)\(gathers ? ", gathered" : ""), times \(factor)"
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
        let normed = Reference.estimateRMSNorm(x, weight: weight, epsilon: epsilon)
        let expected = (0..<rows * width).map { word in
            ExpectedResult(word: word, estimate: normed[sources[word / width] * width + word % width])
        }

        let input = try TestBuffer("x", x, on: bench.device)
        let scale = try TestBuffer("weight", weight, on: bench.device)
        let list = try TestBuffer("sources", indices: sources, on: bench.device)
        let output = try TestBuffer(
            "y", [UInt32](repeating: TestBuffer.guardWord, count: rows * width), guardWords: 1024 + width,
            on: bench.device)
        let norm = try Norm(
            bench.kernels, x: input.buffer,
            Normalisation(weight: scale.buffer, sources: gathers ? list.buffer : nil, epsilon: epsilon),
            y: output.buffer, width: width)
        return Trial(
            inputs: [input, scale, list], outputs: [.init(buffer: output, expected: expected)], roundings: width
        ) { norm.encode($0, rows: rows) }
    }

    var smaller: [RMSNormCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + width.smaller(downTo: 4, by: 4).map { with(\.width, $0) }
    }
}

extension RMSNormCase {
    /// Rows, and quads of a row.
    private static let shapes = [(0, 1), (1, 257), (31, 1), (33, 31), (127, 33), (257, 127), (5, 144)]

    static func table(_ fallback: Fallback, isQuick: Bool) -> [RMSNormCase] {
        let shapes = fallback == .none && !isQuick ? shapes : [(33, 33), (1, 257)]
        let plain = shapes.flatMap { rows, quads in
            [false, true].map { RMSNormCase(rows: rows, width: 4 * quads, gathers: $0) }
        }
        let small = [RMSNormCase(rows: 3, width: 68, factor: 1e-3), RMSNormCase(rows: 3, width: 68, factor: 0)]
        switch fallback {
        case .none where isQuick: return plain + small
        // Nothing is defined of an infinity here that Vulkan would not leave open.
        case .none:
            return plain + small
                + [.notANumber, .subnormal, .negativeZero].map { RMSNormCase(rows: 5, width: 36, special: $0) }
        case .smallBindings:
            return [RMSNormCase(rows: 100, width: 260), RMSNormCase(rows: 100, width: 260, gathers: true)]
        default: return plain
        }
    }

    static func random(_ numbers: inout Numbers) -> RMSNormCase {
        RMSNormCase(
            rows: 1 + numbers.below(60), width: 4 * (1 + numbers.below(200)), gathers: numbers.below(2) == 0,
            factor: numbers.pick([1, 1e-3, 1e3]))
    }
}
