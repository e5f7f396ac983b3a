import Compute
import Kernels

/// What shards have made of rows, added up.
struct SumShardsCase: DispatchCase {
    var kernel: String { "sum_shards" }

    var shards: Int
    var rows: Int
    var width: Int
    var isAdded = true
    var scale: Float = 1

    var description: String {
        "\(shards) shards of \(rows) rows of \(width), times \(scale)"
            + (isAdded ? ", added" : "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        // Rows of nobody stand behind each shard's.
        let slotRows = rows + 3
        let values = numbers.floats(shards * slotRows * width), old = numbers.floats(rows * width)
        let x = try TestBuffer("x", values, on: bench.device)
        let output = try TestBuffer("y", old, guardWords: 1024 + width, on: bench.device)
        let sum = try SumShards(
            bench.kernels, x: x.buffer, shards: shards, slotRows: slotRows, y: output.buffer, width: width,
            isAdded: isAdded, scale: scale)
        let expected = old.enumerated().map { word, old in
            let total = (0..<shards).reduce(Estimate(0.0)) { $0 + Estimate(values[$1 * slotRows * width + word]) }
            let result = total * Estimate(scale)
            return ExpectedResult(word: word, estimate: isAdded ? Estimate(old) + result : result)
        }
        return Trial(
            inputs: [x], outputs: [.init(buffer: output, expected: expected)], roundings: shards + 2
        ) { sum.encode($0, rows: rows) }
    }

    var smaller: [SumShardsCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + width.smaller(downTo: 4, by: 4).map { with(\.width, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [SumShardsCase] {
        let counts = SumShards.counts.filter { $0 > 1 }
        return counts.flatMap { shards in
            [
                SumShardsCase(shards: shards, rows: 33, width: 132),
                SumShardsCase(shards: shards, rows: 5, width: 1028, scale: 0.3),
                SumShardsCase(shards: shards, rows: 7, width: 260, isAdded: false),
                SumShardsCase(shards: shards, rows: 2, width: 64, isAdded: false, scale: 1.5),
            ]
        }
    }

    static func random(_ numbers: inout Numbers) -> SumShardsCase {
        SumShardsCase(
            shards: numbers.pick([2, 3, 4, 8]), rows: 1 + numbers.below(40), width: 4 * (1 + numbers.below(80)),
            isAdded: numbers.below(2) == 0)
    }
}
