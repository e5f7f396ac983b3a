import Compute
import Kernels
import Quantities

/// Queries and keys normalised in place, each head for itself or all of a row together.
struct HeadNormCase: DispatchCase {
    var kernel: String { "head_norm" }

    var rows: Int
    var headSize: Int
    var ratio: Int
    var kvHeads = 2
    var isWholeRow = false
    /// The size of the numbers: where their squares are small, epsilon decides.
    var factor: Float = 1

    var description: String {
        "\(rows) rows of \(ratio) heads of \(headSize) to each of \(kvHeads)\(isWholeRow ? ", whole rows" : ""), "
            + "times \(factor)"
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let shape = AttentionShape(
            heads: ratio * kvHeads, kvHeads: kvHeads, rotated: 0, pagesPerBlock: kvHeads,
            page: PageLayout(.f16, headSize: headSize, tokens: 8, slack: 0))
        let epsilon: Float = 1e-5
        let qkv = numbers.floats(rows * shape.rowWidth).map { $0 * factor }
        let (queries, keys) = (shape.heads * headSize, kvHeads * headSize)
        let queryWeight = numbers.floats(isWholeRow ? queries : headSize)
        let keyWeight = numbers.floats(isWholeRow ? keys : headSize)
        let expected = (0..<rows).flatMap { row in
            let start = row * shape.rowWidth
            let normed =
                Reference.estimateNorm(
                    .rms, Array(qkv[start..<start + queries]), weight: queryWeight, epsilon: epsilon)
                + Reference.estimateNorm(
                    .rms, Array(qkv[start + queries..<start + queries + keys]), weight: keyWeight, epsilon: epsilon)
            return normed.enumerated().map { ExpectedResult(word: start + $0, estimate: $1) }
        }
        let heads = try TestBuffer("qkv", qkv, guardWords: 1024 + shape.rowWidth, on: bench.device)
        let ofQueries = try TestBuffer("weights of queries", queryWeight, on: bench.device)
        let ofKeys = try TestBuffer("weights of keys", keyWeight, on: bench.device)
        let norm = try HeadNorm(
            bench.kernels, shape: shape, qkv: heads.buffer, queryWeight: ofQueries.buffer, keyWeight: ofKeys.buffer,
            epsilon: epsilon, isWholeRow: isWholeRow)
        return Trial(
            inputs: [ofQueries, ofKeys], outputs: [.init(buffer: heads, expected: expected)],
            roundings: isWholeRow ? queries : headSize
        ) { norm.encode($0, rows: rows) }
    }

    var smaller: [HeadNormCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + ratio.smaller(downTo: 1).map { with(\.ratio, $0) }
            + kvHeads.smaller(downTo: 1).map { with(\.kvHeads, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [HeadNormCase] {
        let few = [
            HeadNormCase(rows: 33, headSize: 128, ratio: 3), HeadNormCase(rows: 5, headSize: 16, ratio: 1),
            HeadNormCase(rows: 7, headSize: 80, ratio: 2, factor: 1e-3),
        ]
        let plain = few + [HeadNormCase(rows: 1, headSize: 256, ratio: 4, kvHeads: 1)]
        let tests = fallback == .none ? plain : few
        let all = tests + tests.map { $0.with(\.isWholeRow, true) }
        return fallback == .none && !isQuick ? all + [HeadNormCase(rows: 0, headSize: 64, ratio: 1)] : all
    }

    static func random(_ numbers: inout Numbers) -> HeadNormCase {
        HeadNormCase(
            rows: 1 + numbers.below(60), headSize: numbers.pick(PageLayout.headSizes), ratio: 1 + numbers.below(4),
            kvHeads: 1 + numbers.below(4), isWholeRow: numbers.below(2) == 0)
    }
}
