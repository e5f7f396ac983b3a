import Compute
import Kernels

/// Rows of a product that must have the same bits in every batch: what else is in a batch must not change a sequence's
/// tokens.
struct BatchCase: ShaderCase {
    var kernel: String { takesBytes ? "matmul_bytes" : "matmul" }

    var format: WeightFormat
    var weights: WeightFormat? { format }
    /// Whether the rows are quantised, on the device and anew for each batch.
    var takesBytes = false
    var terms = 1
    var rows = 33
    var leastDepth = 96
    var depth: Int { leastDepth.roundedUp(to: format.depthMultiple) }
    var columns = 100
    /// Batches of the last rows, for every tile height, full and ragged.
    var batches = [1, 2, 3, 5, 7, 8, 12, 20]
    /// Of shapes; `nil` for those that the device has.
    var choice: ShapeChoice?

    var description: String {
        "\(takesBytes ? "bytes in \(terms) terms " : "")\(format.rawValue) \(rows) rows again in batches of \(batches)"
            + (choice.map { ", \($0)" } ?? "")
    }

    func run(on bench: Workbench, times: Int) throws(Fault) -> Accuracy {
        let batch: (rows: Int, word: Int)?
        do throws(ComputeError) { batch = try firstDifference(on: bench) } catch { throw .device(error) }
        if let batch { throw .batchDependent(rows: batch.rows, word: batch.word) }
        return Accuracy()
    }

    private func firstDifference(on bench: Workbench) throws(ComputeError) -> (rows: Int, word: Int)? {
        var numbers = Numbers(for: description)
        let matrix = RandomMatrix(format: format, columns: columns, depth: depth, numbers: &numbers)
        let packed = try matrix.upload(to: bench)
        let x = numbers.floats(rows * depth)
        let input = try TestBuffer("x", x, on: bench.device)
        let output = try TestBuffer("y", [Float](repeating: 0, count: rows * columns), on: bench.device)
        let scratch = try QuantisedRows(rows: rows, depth: depth, terms: terms, on: bench.device)
        let quantise = takesBytes ? try Quantise(bench.kernels, x: input.buffer, y: scratch, depth: depth) : nil
        let product = try MatMul(
            bench.kernels, x: takesBytes ? .bytes(scratch) : .floats(input.buffer), weights: packed.weights,
            y: output.buffer, columns: columns, stride: columns, choice: choice)
        func run(rows: Int) throws(ComputeError) {
            try bench.lane.run {
                quantise?.encode($0, rows: rows)
                product.encode($0, rows: rows)
            }
        }
        try run(rows: rows)
        let together = try output.buffer.read(rows * columns, of: UInt32.self)
        for batch in batches {
            try input.buffer.write(Array(x[((rows - batch) * depth)...]))
            try run(rows: batch)
            let alone = try output.buffer.read(batch * columns, of: UInt32.self)
            let expected = Array(together[((rows - batch) * columns)...])
            if alone != expected { return (batch, alone.firstDifference(from: expected)) }
        }
        return nil
    }

    var smaller: [BatchCase] { batches.count > 1 ? batches.map { with(\.batches, [$0]) } : [] }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [BatchCase] {
        switch fallback {
        case .none where isQuick:
            [BatchCase(format: .q4)] + [.q4, .q6K].map { BatchCase(format: $0, takesBytes: true) }
                + [BatchCase(format: .q8, takesBytes: true, terms: 2)]
        case .none:
            WeightFormat.allCases.map { BatchCase(format: $0) }
                + WeightFormat.inBlocks.flatMap { format in
                    [1, 2].map { BatchCase(format: format, takesBytes: true, terms: $0) }
                }
        case .fourWide:
            [.f32, .f16, .bf16, .q8, .q4, .q6K].map { BatchCase(format: $0) }
                + [.q8, .q4, .q6K].map { BatchCase(format: $0, takesBytes: true) }
        case .gpu:
            inGroups(isQuick ? [.q4] : WeightFormat.allCases)
                + inGroups(isQuick ? [.q4] : WeightFormat.inBlocks).map { $0.with(\.takesBytes, true) }
                + inGroups(isQuick ? [] : [.q8]).map { $0.with(\.takesBytes, true).with(\.terms, 2) }
        default: []
        }
    }

    private static func inGroups(_ formats: [WeightFormat]) -> [BatchCase] {
        formats.map {
            BatchCase(format: $0, rows: 97, leastDepth: 9 * 32 + 4, batches: [1, 2, 3, 4, 9, 16, 17, 32, 40, 64, 90])
        }
    }
}
