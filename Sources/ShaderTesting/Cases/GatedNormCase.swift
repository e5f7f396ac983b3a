import Compute
import Kernels

/// Parts of rows normalised and gated, in place.
struct GatedNormCase: DispatchCase {
    var kernel: String { "gated_norm" }

    var order: GatedNorm.Order
    var rows: Int
    var groups: Int
    var width: Int
    /// The size of the numbers: where their squares are small, epsilon decides.
    var factor: Float = 1

    var description: String { "\(order.rawValue) \(rows) rows of \(groups) groups of \(width), times \(factor)" }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let epsilon: Float = 1e-5
        let all = groups * width, stride = all + 8
        let values = (0..<rows).map { _ in numbers.floats(all).map { $0 * factor } }
        let gates = (0..<rows).map { _ in numbers.floats(all).map { 4 * $0 } }
        let weights = numbers.floats(order == .normFirst ? width : all)
        let before = values.flatMap { row in
            [UInt32](repeating: TestBuffer.guardWord, count: 4) + row.map(\.bitPattern)
                + [UInt32](repeating: TestBuffer.guardWord, count: 4)
        }
        let x = try TestBuffer("x", before, guardWords: 1024 + stride, on: bench.device)
        let gate = try PieceColumns("gate", [gates], width: all, on: bench.device)
        let weight = try TestBuffer("weight", weights, on: bench.device)
        // Rows of nobody stand before the gates.
        var gateColumns = gate.columns()
        gateColumns.offset += PieceBatch.lead * gateColumns.stride
        let norm = try GatedNorm(
            bench.kernels, order, x: RowColumns(buffer: x.buffer, stride: stride, offset: 4), gate: gateColumns,
            weight: weight.buffer, groups: groups, width: width, epsilon: epsilon)
        let expected = (0..<rows * groups).flatMap { index in
            let (row, group) = (index / groups, index % groups)
            let range = group * width..<(group + 1) * width
            return Reference.gatedNorm(
                order, Array(values[row][range]), gate: Array(gates[row][range]),
                weight: order == .normFirst ? weights : Array(weights[range]), epsilon: epsilon
            ).enumerated().map { ExpectedResult(word: row * stride + 4 + range.lowerBound + $0, estimate: $1) }
        }
        let count = rows
        return Trial(
            inputs: [gate.input, weight], outputs: [.init(buffer: x, expected: expected)], roundings: width + 8
        ) { norm.encode($0, rows: count) }
    }

    var smaller: [GatedNormCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + groups.smaller(downTo: 1).map { with(\.groups, $0) }
            + width.smaller(downTo: 4, by: 4).map { with(\.width, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [GatedNormCase] {
        GatedNorm.Order.allCases.flatMap { order in
            [
                GatedNormCase(order: order, rows: 33, groups: 3, width: 128),
                GatedNormCase(order: order, rows: 5, groups: 1, width: 1036),
                GatedNormCase(order: order, rows: 7, groups: 4, width: 16, factor: 1e-3),
            ]
        } + (isQuick ? [] : [GatedNormCase(order: .normFirst, rows: 0, groups: 2, width: 16)])
    }

    static func random(_ numbers: inout Numbers) -> GatedNormCase {
        GatedNormCase(
            order: numbers.pick(GatedNorm.Order.allCases), rows: 1 + numbers.below(40), groups: 1 + numbers.below(5),
            width: 4 * (1 + numbers.below(80)))
    }
}
