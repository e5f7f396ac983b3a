import Compute
import Kernels
import Quantities

/// Attention of rows to the keys and values in their sequences' pages.
struct AttentionCase: DispatchCase {
    var kernel: String { "attention" }

    /// Where a special value stands.
    struct Special: Sendable {
        var value: SpecialValue
        var isInValue: Bool
    }

    var kv: KVType
    var headSize: Int
    var ratio: Int
    var kvHeads = 2
    /// Tokens of each sequence, and how many of its last ones are rows: those behind a row's position must not count.
    var lengths: [Int]
    var tail: Int
    /// A multiple of 4, as wide CPUs read that many tokens at once.
    var pageTokens = 8
    /// Bytes of a page behind its tokens.
    var slack = 32
    /// The size of the queries: with large ones, exponentials overflow that are not kept small.
    var factor: Float = 1
    /// Stands in the last key or value of the first sequence; in Q8 as a scale.
    var special: Special?

    var description: String {
        "\(kv.option) heads of \(headSize), \(ratio) to each of \(kvHeads), last \(tail) of \(lengths), "
            + "pages of \(pageTokens), times \(factor)"
            + (special.map { ", \($0.value.rawValue) in a \($0.isInValue ? "value" : "key")" } ?? "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let shape = AttentionShape(
            heads: ratio * kvHeads, kvHeads: kvHeads, rotated: headSize, layers: 2,
            page: PageLayout(kv, headSize: headSize, tokens: pageTokens, slack: slack))
        let pages = PagedSequences(shape, layer: 1, lengths: lengths, numbers: &numbers)
        let rows = pages.rows(tail: tail, numbers: &numbers)
        let cache = FilledPool(pages, special: special, numbers: &numbers)
        let qkv = numbers.floats(rows.count * shape.rowWidth).map { $0 * factor }

        let heads = try TestBuffer("qkv", qkv, on: bench.device)
        let pool = try TestBuffer("pool", cache.words, on: bench.device)
        let places = try RowInputs(rows, pages, on: bench.device)
        let outputWidth = shape.heads * headSize
        let output = try TestBuffer(
            "y", [UInt32](repeating: TestBuffer.guardWord, count: rows.count * outputWidth),
            guardWords: 1024 + outputWidth, on: bench.device)
        let attention = try Attention(
            bench.kernels, shape, qkv: heads.buffer, rows: places.buffers, pool: pool.buffer, y: output.buffer)
        // As if rows stood alone, or all were of one sequence, which they are not: no tile may count on either.
        let pieces = tail == 1 ? rows.count : 1
        // A lane of a wide CPU takes up to four tokens at once.
        let lanes = 4 * bench.limits.groupSize
        let expected = rows.enumerated().flatMap { index, row in
            (0..<shape.heads).flatMap { head in
                let start = index * shape.rowWidth + head * headSize
                return Reference.estimateAttention(
                    query: Array(qkv[start..<start + headSize]),
                    keys: Array(cache.keys[row.sequence][head / ratio][...row.position]),
                    values: Array(cache.values[row.sequence][head / ratio][...row.position]), lanes: lanes)
            }
        }
        return Trial(
            inputs: [heads, pool] + places.inputs,
            outputs: [
                .init(
                    buffer: output,
                    expected: expected.enumerated().map { ExpectedResult(word: $0, estimate: $1) })
            ], roundings: 4 * (lengths.max() ?? 0) + lanes + 8
        ) {
            attention.encode(
                $0, rows: rows.count, pieces: pieces, longest: lengths.max() ?? 0, layer: pages.layer)
        }
    }

    var smaller: [AttentionCase] {
        (lengths.count > 1 ? lengths.map { with(\.lengths, [$0]) } : [])
            + (lengths.max() ?? 0).smaller(downTo: 1).map { most in with(\.lengths, lengths.map { min($0, most) }) }
            + tail.smaller(downTo: 1).map { with(\.tail, $0) } + ratio.smaller(downTo: 1).map { with(\.ratio, $0) }
            + kvHeads.smaller(downTo: 1).map { with(\.kvHeads, $0) }
    }
}
