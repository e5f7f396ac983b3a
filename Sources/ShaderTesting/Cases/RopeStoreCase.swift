import Compute
import Foundation
import Kernels
import Quantities

/// Queries and keys rotated, keys and values stored in their pages.
struct RopeStoreCase: DispatchCase {
    var kernel: String { "rope_store" }

    var kv: KVType
    var headSize: Int
    var ratio: Int
    var kvHeads = 2
    /// Leading elements of a head that are rotated.
    var rotated: Int
    /// Tokens of each sequence, and how many of its last ones are rows.
    var lengths: [Int]
    var tail: Int
    var pageTokens = 8
    /// KV heads that share a page.
    var pageHeads = 1
    /// Whether queries are rotated by a table of their own, which scales them too.
    var scalesQueries = false
    /// Stands in one row.
    var special: SpecialValue?

    var description: String {
        "\(kv.option) heads of \(headSize), \(rotated) rotated, \(ratio) to each of \(kvHeads), last \(tail) of "
            + "\(lengths), pages of \(pageTokens)" + (scalesQueries ? ", queries scaled" : "")
            + (special.map { ", \($0.rawValue)" } ?? "") + (pageHeads > 1 ? ", shared by \(pageHeads)" : "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let layout = PageLayout(kv, headSize: headSize, tokens: pageTokens, heads: pageHeads, slack: 32)
        let shape = AttentionShape(
            heads: ratio * kvHeads, kvHeads: kvHeads, rotated: rotated,
            pagesPerBlock: PagedSequences.pagesPerBlock(kvHeads: kvHeads, headsPerPage: pageHeads),
            headsPerPage: pageHeads, page: layout)
        let pages = PagedSequences(shape, lengths: lengths, numbers: &numbers)
        let rows = pages.rows(tail: tail, numbers: &numbers)
        var qkv = numbers.floats(rows.count * shape.rowWidth)
        special?.place(in: &qkv, rows: rows.count, width: shape.rowWidth)
        let positions = (lengths.max() ?? 0) + 1
        let turns = Self.turns(positions: positions, rotated: rotated)
        let queryTurns = scalesQueries ? Self.turns(positions: positions, rotated: rotated, scale: 1.25) : turns

        let heads = try TestBuffer("qkv", qkv, guardWords: 1024 + shape.rowWidth, on: bench.device)
        let rotations = try TestBuffer("rotations", turns, on: bench.device)
        let queryRotations = try TestBuffer("rotations of queries", queryTurns, on: bench.device)
        let places = try RowInputs(rows, pages, on: bench.device)
        let pool = try TestBuffer(
            "pool", [UInt32](repeating: TestBuffer.guardWord, count: pages.poolWordCount), on: bench.device)
        let store = try RopeStore(
            bench.kernels, shape, qkv: heads.buffer, rotations: rotations.buffer,
            queryRotations: scalesQueries ? queryRotations.buffer : nil, rows: places.buffers, pool: pool.buffer)
        let expected = expected(qkv, turns, queryTurns, rows, pages)
        return Trial(
            inputs: [rotations, queryRotations] + places.inputs,
            outputs: [
                .init(buffer: heads, expected: expected.queries), .init(buffer: pool, expected: expected.stored),
            ], roundings: 3
        ) { store.encode($0, rows: rows.count, layer: pages.layer) }
    }

    /// `[positions][rotated / 2]` pairs of cosine and sine, as floats.
    private static func turns(positions: Int, rotated: Int, scale: Double = 1) -> [Float] {
        (0..<positions).flatMap { position in
            (0..<rotated / 2).flatMap { pair in
                let angle = Double(position) * pow(10000, -2 * Double(pair) / Double(rotated))
                return [Float(scale * cos(angle)), Float(scale * sin(angle))]
            }
        }
    }

    private func expected(
        _ qkv: [Float], _ turns: [Float], _ queryTurns: [Float], _ rows: [PagedSequences.Row], _ pages: PagedSequences
    ) -> (queries: [ExpectedResult], stored: [ExpectedResult]) {
        var (queries, stored): ([ExpectedResult], [ExpectedResult]) = ([], [])
        let heads = ratio * kvHeads
        for (index, row) in rows.enumerated() {
            func pairs(_ turns: [Float]) -> [(Double, Double)] {
                stride(from: row.position * rotated, to: (row.position + 1) * rotated, by: 2)
                    .map { (Double(turns[$0]), Double(turns[$0 + 1])) }
            }
            let (turn, queryTurn) = (pairs(turns), pairs(queryTurns))
            for head in 0..<heads + 2 * kvHeads {
                let start = (index * (heads + 2 * kvHeads) + head) * headSize
                let isValue = head >= heads + kvHeads
                let rotated = Reference.estimateRope(
                    Array(qkv[start..<start + headSize]), turns: isValue ? [] : head < heads ? queryTurn : turn)
                let kept = kv == .q8_0 && head >= heads ? Reference.estimateBlocks(rotated) : rotated
                for (element, estimate) in kept.enumerated() {
                    if head < heads {
                        queries.append(ExpectedResult(word: start + element, estimate: estimate))
                    } else {
                        let (word, part) = pages.place(
                            isValue ? .value : .key, element, of: row, kvHead: (head - heads) % kvHeads)
                        stored.append(ExpectedResult(word: word, part: part, estimate: estimate))
                    }
                }
            }
            guard kv == .q8_0 else { continue }
            // Scales of blocks that the head does not have are zero.
            for kvHead in 0..<kvHeads {
                for word in pages.scales(of: row, kvHead: kvHead).dropFirst((headSize + 31) / 32) {
                    stored.append(ExpectedResult(word: word, estimate: Estimate(0.0)))
                }
            }
        }
        return (queries, stored)
    }

    var smaller: [RopeStoreCase] {
        (lengths.count > 1 ? lengths.map { with(\.lengths, [$0]) } : [])
            + (lengths.max() ?? 0).smaller(downTo: 1).map { most in with(\.lengths, lengths.map { min($0, most) }) }
            + tail.smaller(downTo: 1).map { with(\.tail, $0) } + ratio.smaller(downTo: 1).map { with(\.ratio, $0) }
            + kvHeads.smaller(downTo: 1).map { with(\.kvHeads, $0) }
            + (scalesQueries ? [with(\.scalesQueries, false)] : [])
            + pageHeads.smaller(downTo: 1).map { with(\.pageHeads, $0) }
            + rotated.smaller(downTo: 8, by: 8).map { with(\.rotated, $0) }
    }
}

extension RopeStoreCase {
    static func table(_ fallback: Fallback, isQuick: Bool) -> [RopeStoreCase] {
        let formats = KVType.allCases
        guard fallback == .none else {
            let lengths = fallback == .smallBindings ? [100, 60] : [9, 31]
            return formats.map {
                RopeStoreCase(kv: $0, headSize: 64, ratio: 3, rotated: 64, lengths: lengths, tail: 40)
            }
        }
        let sizes = isQuick ? [64, 80, 192, 16] : PageLayout.headSizes
        let plain = formats.flatMap { kv in
            sizes.enumerated().map { index, size in
                RopeStoreCase(
                    kv: kv, headSize: size, ratio: index + 1, rotated: size, lengths: [1, 7, 8, 9, 33], tail: 9)
            }
        }
        // Nothing rotated, or part of a head, one KV head, long sequences, pages of one token and of an odd number,
        // pages that heads share, no rows.
        let odd = formats.flatMap { kv in
            [
                RopeStoreCase(kv: kv, headSize: 32, ratio: 2, rotated: 0, lengths: [9, 31], tail: 9),
                RopeStoreCase(
                    kv: kv, headSize: 64, ratio: 2, rotated: 32, lengths: [9, 31], tail: 9, scalesQueries: true),
                RopeStoreCase(kv: kv, headSize: 80, ratio: 1, kvHeads: 1, rotated: 32, lengths: [31], tail: 31),
                RopeStoreCase(kv: kv, headSize: 32, ratio: 4, rotated: 8, lengths: [127, 257], tail: 3),
                RopeStoreCase(kv: kv, headSize: 32, ratio: 1, rotated: 32, lengths: [5], tail: 5, pageTokens: 1),
                RopeStoreCase(kv: kv, headSize: 32, ratio: 1, rotated: 32, lengths: [65], tail: 65, pageTokens: 31),
                RopeStoreCase(
                    kv: kv, headSize: 64, ratio: 1, kvHeads: 3, rotated: 64, lengths: [9, 31], tail: 9, pageHeads: 2),
                RopeStoreCase(kv: kv, headSize: 32, ratio: 1, rotated: 32, lengths: [5], tail: 0),
            ]
        }
        let specials = formats.flatMap { kv in
            SpecialValue.allCases.map {
                RopeStoreCase(kv: kv, headSize: 32, ratio: 1, rotated: 16, lengths: [3], tail: 3, special: $0)
            }
        }
        return plain + odd + (isQuick ? [] : specials)
    }

    static func random(_ numbers: inout Numbers) -> RopeStoreCase {
        let headSize = numbers.pick(PageLayout.headSizes)
        return RopeStoreCase(
            kv: numbers.pick(KVType.allCases), headSize: headSize, ratio: 1 + numbers.below(4),
            kvHeads: 1 + numbers.below(3), rotated: 8 * numbers.below(headSize / 8 + 1),
            lengths: (0...numbers.below(4)).map { _ in 1 + numbers.below(60) }, tail: 1 + numbers.below(12),
            pageTokens: 1 + numbers.below(40), pageHeads: 1 + numbers.below(3))
    }
}
