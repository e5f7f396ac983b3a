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
    /// KV heads that share a page.
    var pageHeads = 1
    /// Bytes of a page behind its tokens.
    var slack = 32
    /// The size of the queries: with large ones, exponentials overflow that are not kept small.
    var factor: Float = 1
    /// Stands in the last key or value of the first sequence; in Q8 as a scale.
    var special: Special?
    var mask = AttentionMask.causal
    /// What products are multiplied with; by default what the head's size suggests.
    var scale: Float?
    var cap: Float?
    var hasSinks = false

    var description: String {
        "\(kv.option) heads of \(headSize), \(ratio) to each of \(kvHeads), last \(tail) of \(lengths), "
            + "pages of \(pageTokens), times \(factor)"
            + (special.map { ", \($0.value.rawValue) in a \($0.isInValue ? "value" : "key")" } ?? "")
            + mask.words + (scale.map { ", scale \($0)" } ?? "") + (cap.map { ", capped at \($0)" } ?? "")
            + (hasSinks ? ", with sinks" : "") + (pageHeads > 1 ? ", shared by \(pageHeads)" : "")
    }

    /// What the dispatch takes and gives.
    struct Setup {
        let attention: Attention
        let pages: PagedSequences
        let rows: [PagedSequences.Row]
        let cache: FilledPool
        /// `[rows][heads + 2 * kvHeads][headSize]`
        let qkv: [Float]
        /// `[heads]`
        let sinks: [Float]?
        let heads: TestBuffer
        let places: RowInputs
        let others: [TestBuffer]
        let output: TestBuffer
    }

    /// - Parameter isShuffled: whether rows stand in an order of chance; else those of a sequence stand together.
    func setUp(on bench: Workbench, isShuffled: Bool = true) throws(ComputeError) -> Setup {
        var numbers = Numbers(for: description)
        let layout = PageLayout(kv, headSize: headSize, tokens: pageTokens, heads: pageHeads, slack: slack)
        let shape = AttentionShape(
            heads: ratio * kvHeads, kvHeads: kvHeads, rotated: headSize,
            pagesPerBlock: PagedSequences.pagesPerBlock(kvHeads: kvHeads, headsPerPage: pageHeads),
            headsPerPage: pageHeads, page: layout)
        let pages = PagedSequences(
            shape, lengths: lengths,
            firstTokens: lengths.map { mask.tokens(at: max(0, $0 - tail), of: $0).lowerBound }, numbers: &numbers)
        var rows = pages.rows(tail: tail, numbers: &numbers)
        if !isShuffled { rows.sort { ($0.sequence, $0.position) < ($1.sequence, $1.position) } }
        let cache = FilledPool(pages, special: special, numbers: &numbers)
        let qkv = numbers.floats(rows.count * shape.rowWidth).map { $0 * factor }
        let sinks = hasSinks ? numbers.floats(2 * shape.heads).map { 4 * $0 } : nil

        let heads = try TestBuffer("qkv", qkv, on: bench.device)
        let pool = try TestBuffer("pool", cache.words, on: bench.device)
        let places = try RowInputs(rows, pages, mask: mask, on: bench.device)
        let sinkInput = try sinks.map { sinks throws(ComputeError) in
            try TestBuffer("sinks", sinks, on: bench.device)
        }
        let outputWidth = shape.heads * headSize
        let output = try TestBuffer(
            "y", [UInt32](repeating: TestBuffer.guardWord, count: rows.count * outputWidth),
            guardWords: 1024 + outputWidth, on: bench.device)
        var scores = AttentionScores(headSize: headSize)
        if let scale { scores.scale = scale }
        scores.cap = cap
        scores.sinks = sinkInput?.buffer
        let attention = try Attention(
            bench.kernels, shape, scores, qkv: heads.buffer, rows: places.buffers, pool: pool.buffer, y: output.buffer)
        return Setup(
            attention: attention, pages: pages, rows: rows, cache: cache, qkv: qkv,
            sinks: sinks.map { Array($0[pages.layer.sink..<pages.layer.sink + shape.heads]) }, heads: heads,
            places: places,
            others: [pool] + (sinkInput.map { [$0] } ?? []), output: output)
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        let setup = try setUp(on: bench)
        // As if rows stood alone, or all were of one sequence, which they are not: no tile may count on either.
        let pieces = tail == 1 ? setup.rows.count : 1
        // A lane of a wide CPU takes up to four tokens at once.
        let lanes = 4 * bench.limits.groupSize
        let expected = expected(setup, lanes: lanes)
        return Trial(
            inputs: [setup.heads] + setup.others + setup.places.inputs,
            outputs: [
                .init(
                    buffer: setup.output,
                    expected: expected.enumerated().map { ExpectedResult(word: $0, estimate: $1) })
            ], roundings: 4 * (lengths.max() ?? 0) + lanes + 8
        ) {
            setup.attention.encode(
                $0, rows: setup.rows.count, pieces: pieces, longest: lengths.max() ?? 0, layer: setup.pages.layer)
        }
    }

    private func expected(_ setup: Setup, lanes: Int) -> [Estimate] {
        let (cache, width) = (setup.cache, setup.pages.shape.rowWidth)
        return setup.rows.enumerated().flatMap { index, row in
            let tokens = mask.tokens(at: row.position, of: lengths[row.sequence])
            return (0..<ratio * kvHeads).flatMap { head in
                let start = index * width + head * headSize
                return Reference.estimateAttention(
                    query: Array(setup.qkv[start..<start + headSize]),
                    keys: Array(cache.keys[row.sequence][head / ratio][tokens]),
                    values: Array(cache.values[row.sequence][head / ratio][tokens]),
                    .init(
                        scale: scale ?? AttentionScores(headSize: headSize).scale, cap: cap, sink: setup.sinks?[head]),
                    lanes: lanes)
            }
        }
    }

    var smaller: [AttentionCase] {
        (lengths.count > 1 ? lengths.map { with(\.lengths, [$0]) } : [])
            + (lengths.max() ?? 0).smaller(downTo: 1).map { most in with(\.lengths, lengths.map { min($0, most) }) }
            + tail.smaller(downTo: 1).map { with(\.tail, $0) } + ratio.smaller(downTo: 1).map { with(\.ratio, $0) }
            + kvHeads.smaller(downTo: 1).map { with(\.kvHeads, $0) } + (mask == .causal ? [] : [with(\.mask, .causal)])
            + (cap == nil ? [] : [with(\.cap, nil)]) + (hasSinks ? [with(\.hasSinks, false)] : [])
            + pageHeads.smaller(downTo: 1).map { with(\.pageHeads, $0) }
    }
}

extension AttentionMask {
    /// How cases name it.
    fileprivate var words: String {
        switch self {
        case .causal: ""
        case .sliding(let window): ", window of \(window)"
        case .chunked(let length): ", chunks of \(length)"
        case .whole: ", both sides"
        case .symmetric(let window): ", both sides in a window of \(window)"
        }
    }
}
