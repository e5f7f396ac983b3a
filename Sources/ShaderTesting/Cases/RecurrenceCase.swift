import Compute
import Kernels
import Quantities

/// Heads whose matrices rows change and read, piece by piece.
struct RecurrenceCase: DispatchCase {
    var kernel: String { "recur" }

    var rule: StateRecurrence.Shape.Rule
    var heads: Int
    var keyHeads: Int
    var keySize: Int
    var valueSize: Int
    var sharing = StateRecurrence.Shape.Sharing.modulo
    /// How fast matrices decay. What delta's bounds allow grows with each row that a matrix remembers: long pieces must
    /// forget.
    var decay: Float = 0.1
    var pieces: [PieceBatch.Piece]

    var description: String {
        "\(rule.rawValue) \(heads) heads of \(keySize) to \(valueSize), \(keyHeads) of keys, \(sharing), decay \(decay), "
            + "pieces of \(pieces)"
    }

    private var keyWidth: Int { keyHeads * keySize }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let shape = StateRecurrence.Shape(
            rule: rule, heads: heads, keyHeads: keyHeads, keySize: keySize, valueSize: valueSize, sharing: sharing,
            epsilon: 1e-3)
        let batch = PieceBatch(pieces, shape.state, rowsPerPage: 5, numbers: &numbers)
        let width = 2 * keyWidth + heads * valueSize
        func rows(_ width: Int, _ number: (inout Numbers) -> Float) -> [[[Float]]] {
            pieces.map { piece in (0..<piece.rows).map { _ in (0..<width).map { _ in number(&numbers) } } }
        }
        let given = rows(width) { $0.float() }
        // Some far beyond where softplus is one of its asymptotes.
        let gateWidth = (heads + 3) / 4 * 4
        let gates = rows(2 * gateWidth) { $0.below(9) == 0 ? 60 * $0.float() : 2 * $0.float() }
        let decays = numbers.floats(heads).map { -decay * (1 + abs($0)) }
        let biases = numbers.floats(heads), skips = numbers.floats(heads)
        let results = pieces.indices.map { piece in
            expected(
                shape, given[piece], gates[piece], betas: gateWidth, decays, biases, skips, before: batch.before[piece])
        }

        let x = try PieceColumns("x", given, width: width, on: bench.device)
        let gate = try PieceColumns("gates", gates, width: 2 * gateWidth, on: bench.device)
        let constants = try [("decay", decays), ("bias", biases), ("skip", skips)].map {
            label, values throws(ComputeError) in try TestBuffer(label, values, on: bench.device)
        }
        let y = try PieceResults(results.map { $0.y }, width: heads * valueSize, batch, on: bench.device)
        let (inputs, pool, buffers) = try batch.upload(to: bench.device)
        let recurrence = try StateRecurrence(
            bench.kernels, shape, queries: x.columns(), keys: x.columns(from: keyWidth),
            values: x.columns(from: 2 * keyWidth), steps: gate.columns(),
            betas: rule == .delta ? gate.columns(from: gateWidth) : nil, decay: constants[0].buffer,
            stepBias: constants[1].buffer, skip: rule == .scan ? constants[2].buffer : nil, y: y.columns,
            pieces: buffers, firstPage: batch.firstPage)
        let count = pieces.count
        return Trial(
            inputs: [x.input, gate.input] + constants + inputs,
            outputs: [y.output, .init(buffer: pool, expected: batch.expected(results.map { $0.state }))],
            roundings: keySize
        ) { recurrence.encode($0, pieces: count) }
    }

    /// One piece, head by head.
    /// - Parameter before: `[heads * keySize][valueSize]`, as the state behind it.
    private func expected(
        _ shape: StateRecurrence.Shape, _ rows: [[Float]], _ gates: [[Float]], betas: Int, _ decays: [Float],
        _ biases: [Float], _ skips: [Float], before: [[Float]]
    ) -> (y: [[Estimate]], state: [[Estimate]]) {
        let all = (0..<heads).map { head in
            let keyHead = sharing == .modulo ? head % keyHeads : head * keyHeads / heads
            let inputs = zip(rows, gates).map { row, gate in
                func part(_ start: Int, _ count: Int) -> [Float] { Array(row[start..<start + count]) }
                return Reference.RecurrentRow(
                    query: part(keyHead * keySize, keySize), key: part(keyWidth + keyHead * keySize, keySize),
                    value: part(2 * keyWidth + head * valueSize, valueSize), step: gate[head],
                    beta: gate[betas + head])
            }
            return Reference.recur(
                shape, inputs, decay: decays[head], stepBias: biases[head], skip: skips[head],
                state: Array(before[head * keySize..<(head + 1) * keySize]))
        }
        return (rows.indices.map { row in all.flatMap { $0.y[row] } }, all.flatMap(\.state))
    }

    var smaller: [RecurrenceCase] {
        pieces.smaller.map { with(\.pieces, $0) } + heads.smaller(downTo: keyHeads).map { with(\.heads, $0) }
            + keyHeads.smaller(downTo: 1).map { with(\.keyHeads, $0) }
            + keySize.smaller(downTo: 16, by: 16).map { with(\.keySize, $0) }
            + valueSize.smaller(downTo: 16, by: 16).map { with(\.valueSize, $0) }
    }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [RecurrenceCase] {
        let mixed: [PieceBatch.Piece] = [.init(3), .init(1, at: 9), .init(5, at: 2)]
        let long: [PieceBatch.Piece] = [.init(40), .init(17, at: 3)]
        let plain = StateRecurrence.Shape.Rule.allCases.flatMap { rule in
            [
                RecurrenceCase(rule: rule, heads: 4, keyHeads: 2, keySize: 16, valueSize: 16, pieces: mixed),
                RecurrenceCase(
                    rule: rule, heads: 6, keyHeads: 2, keySize: 128, valueSize: 64, sharing: .groups, pieces: mixed),
                RecurrenceCase(
                    rule: rule, heads: 3, keyHeads: 3, keySize: 48, valueSize: 80, decay: 5, pieces: long),
                RecurrenceCase(
                    rule: rule, heads: 2, keyHeads: 1, keySize: 16, valueSize: 32, pieces: PieceBatch.Piece.decode(16)),
            ]
        }
        switch fallback {
        case .none, .gpu:
            let others = [
                RecurrenceCase(rule: .delta, heads: 2, keyHeads: 1, keySize: 256, valueSize: 16, pieces: mixed),
                RecurrenceCase(rule: .scan, heads: 1, keyHeads: 1, keySize: 256, valueSize: 256, pieces: [.init(2)]),
                RecurrenceCase(rule: .delta, heads: 1, keyHeads: 1, keySize: 32, valueSize: 112, pieces: mixed),
            ]
            let real = [
                RecurrenceCase(rule: .delta, heads: 16, keyHeads: 16, keySize: 128, valueSize: 128, pieces: mixed),
                RecurrenceCase(rule: .delta, heads: 2, keyHeads: 1, keySize: 16, valueSize: 16, pieces: []),
            ]
            return plain + others + (isQuick ? [] : real)
        default: return plain
        }
    }

    static func random(_ numbers: inout Numbers) -> RecurrenceCase {
        let keyHeads = 1 + numbers.below(3)
        return RecurrenceCase(
            rule: numbers.pick(StateRecurrence.Shape.Rule.allCases), heads: keyHeads * (1 + numbers.below(3)),
            keyHeads: keyHeads, keySize: 16 * (1 + numbers.below(16)), valueSize: 16 * (1 + numbers.below(8)),
            sharing: numbers.pick([.modulo, .groups]), pieces: PieceBatch.Piece.random(&numbers))
    }
}
