import Compute
import Kernels

/// A matrix product.
struct MatMulCase: DispatchCase {
    static let kernel = "matmul"

    var format: WeightFormat
    var epilogue = MatMul.Epilogue.none
    var rows: Int
    var depth: Int
    var columns: Int
    /// Floats of a row of `y` before and behind the columns that are written.
    var offset = 4
    var gap = 8
    /// Stands in one row of `x`.
    var special: SpecialValue?

    var description: String {
        "\(format.rawValue) \(epilogue.rawValue) \(rows) rows, \(depth) deep, \(columns) columns, offset \(offset), "
            + "gap \(gap)" + (special.map { ", \($0.rawValue)" } ?? "")
    }

    private var stride: Int { offset + columns + gap }

    func trial(on bench: Workbench) throws(ComputeError) -> Trial {
        var numbers = Numbers(for: description)
        let matrix = RandomMatrix(format: format, columns: columns, depth: depth, numbers: &numbers)
        let up =
            epilogue == .swiglu
            ? RandomMatrix(format: format, columns: columns, depth: depth, numbers: &numbers) : nil
        var x = numbers.floats(rows * depth)
        special?.place(in: &x, rows: rows, width: depth)

        var before = [UInt32](repeating: TestBuffer.guardWord, count: rows * stride)
        var expected = results(of: x, matrix)
        if let up {
            for (index, result) in results(of: x, up).enumerated() {
                expected[index].estimate = Reference.estimateSwiglu(
                    gate: expected[index].estimate, up: result.estimate)
            }
        }
        if epilogue == .residual {
            for index in expected.indices {
                let old = numbers.float()
                before[expected[index].word] = old.bitPattern
                expected[index].estimate = expected[index].estimate + Estimate(old)
            }
        }

        let input = try TestBuffer("x", x, on: bench.device)
        let packed = try matrix.upload(to: bench, alternatingWith: up)
        // A kernel that forgets which rows there are writes a whole tile.
        let output = try TestBuffer("y", before, guardWords: 1024 + 16 * stride, on: bench.device)
        let product = try MatMul(
            bench.kernels, x: input.buffer, weights: packed.weights, y: output.buffer, columns: columns,
            stride: stride, offset: offset, epilogue: epilogue)
        return Trial(
            inputs: [input] + packed.inputs, outputs: [.init(buffer: output, expected: expected)],
            roundings: depth + 4
        ) { product.encode($0, rows: rows) }
    }

    private func results(of x: [Float], _ matrix: RandomMatrix) -> [ExpectedResult] {
        Reference.estimateMatmul(
            x, matrix.values, magnitudes: matrix.magnitudes, rows: rows, depth: depth, columns: columns
        ).enumerated().map { index, estimate in
            ExpectedResult(word: index / columns * stride + offset + index % columns, estimate: estimate)
        }
    }

    var smaller: [MatMulCase] {
        let multiple = format.depthMultiple
        return rows.smaller(downTo: 1).map { with(\.rows, $0) }
            + depth.smaller(downTo: multiple, by: multiple).map { with(\.depth, $0) }
            + columns.smaller(downTo: 4, by: 4).map { with(\.columns, $0) }
            + offset.smaller(downTo: 0, by: 4).map { with(\.offset, $0) }
            + gap.smaller(downTo: 0, by: 4).map { with(\.gap, $0) }
    }
}
