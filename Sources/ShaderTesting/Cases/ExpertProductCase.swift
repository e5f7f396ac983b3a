import Compute
import Kernels

/// Rows times the matrices of the experts that they are routed to.
struct ExpertProductCase: DispatchCase {
    var kernel: String { "matmul" }

    var format: WeightFormat
    var weights: WeightFormat? { format }
    var epilogue = MatMul.Epilogue.none
    var hasBias = false
    /// Whether each of a row's slots has a row of its own.
    var takesSlots = false
    var rows: Int
    var experts: Int
    var used: Int
    var leastDepth: Int
    var depth: Int { leastDepth.roundedUp(to: format.depthMultiple) }
    var columns: Int

    var description: String {
        "experts \(format.rawValue) \(epilogue.words)\(hasBias ? " biased" : "") \(rows) rows, \(used) of \(experts), "
            + "\(depth) deep, \(columns) columns" + (takesSlots ? ", of slots" : "")
    }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let matrices = (0..<experts).map { _ in
            (0..<(epilogue.isPaired ? 2 : 1)).map { _ in
                RandomMatrix(format: format, columns: columns, depth: depth, numbers: &numbers)
            }
        }
        let (slots, halves) = (rows * used, epilogue.isPaired ? 2 : 1)
        let values = numbers.floats((takesSlots ? slots : rows) * depth)
        let scores = numbers.floats(rows * experts)
        let bias = hasBias ? numbers.floats(experts * halves * columns) : nil

        let choice = ExpertRouting.Choice(experts: experts, used: used)
        let packed = try RandomMatrix.upload(matrices, to: bench)
        let x = try TestBuffer("x", values, on: bench.device)
        let logits = try TestBuffer("logits", scores, on: bench.device)
        let shift = try bias.map { bias throws(ComputeError) in try TestBuffer("bias", bias, on: bench.device) }
        let output = try TestBuffer(
            "y", [UInt32](repeating: TestBuffer.guardWord, count: slots * columns), guardWords: 1024 + 16 * columns,
            on: bench.device)
        let routing = try ExpertRouting(
            bench.kernels, choice, logits: logits.buffer, .init(choice, rows: rows, for: bench.kernels))
        let product = try MatMul(
            bench.kernels, x: .floats(x.buffer), weights: packed.weights, bias: shift?.buffer, y: output.buffer,
            columns: columns, stride: columns, epilogue: epilogue, experts: .init(routing, takesSlots: takesSlots))

        let inHalves = bench.kernels.multipliesInHalves(format, depth: depth, columns: columns, epilogue)
        let expected = (0..<slots).flatMap { slot -> [ExpectedResult] in
            let row = slot / used
            let chosen = Reference.route(
                Array(scores[row * experts..<(row + 1) * experts]), used: used, .softmax, isNormalised: true, scale: 1)
            let (expert, from) = (chosen[slot % used].expert, (takesSlots ? slot : row) * depth)
            let parts = matrices[expert].enumerated().map { half, matrix in
                let products = Reference.estimateMatmul(
                    Array(values[from..<from + depth]), matrix.values, magnitudes: matrix.magnitudes,
                    inHalves: inHalves,
                    rows: 1, depth: depth, columns: columns)
                let first = (expert * halves + half) * columns
                return bias.map { bias in products.enumerated().map { $1 + Estimate(bias[first + $0]) } } ?? products
            }
            return (0..<columns).map { column in
                let estimate = epilogue.estimate(parts[0][column], up: parts.last?[column], old: nil)
                return ExpectedResult(word: slot * columns + column, estimate: estimate)
            }
        }
        return Trial(
            inputs: [x, logits] + packed.inputs + (shift.map { [$0] } ?? []),
            outputs: [.init(buffer: output, expected: expected)], roundings: depth + 4
        ) {
            routing.encode($0, rows: rows)
            product.encode($0, rows: rows)
        }
    }

    var smaller: [ExpertProductCase] {
        rows.smaller(downTo: 1).map { with(\.rows, $0) } + used.smaller(downTo: 1).map { with(\.used, $0) }
            + columns.smaller(downTo: 4, by: 4).map { with(\.columns, $0) }
    }

    /// Few rows, some, and so many that tiles are high; most experts of the first have none.
    private static let shapes = [(1, 16, 4), (5, 4, 2), (33, 4, 2)]

    static func table(_ fallback: Fallback, isQuick: Bool) -> [ExpertProductCase] {
        func cases(_ format: WeightFormat, _ epilogue: MatMul.Epilogue, _ hasBias: Bool) -> [ExpertProductCase] {
            shapes.map {
                ExpertProductCase(
                    format: format, epilogue: epilogue, hasBias: hasBias, takesSlots: !epilogue.isPaired, rows: $0,
                    experts: $1, used: $2, leastDepth: fallback == .gpu ? 292 : 68, columns: 36)
            }
        }
        switch fallback {
        case .none, .gpu:
            let quick = cases(.q4, .init(.paired, .clampedSilu), true) + cases(.q4, .none, false)
            return isQuick ? quick : quick + cases(.f32, .swiglu, false) + cases(.mxfp4, .none, true)
        case .noSubgroups, .eightWide: return cases(.f32, .none, true)
        default: return []
        }
    }
}
