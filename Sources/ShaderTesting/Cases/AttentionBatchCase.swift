import Compute
import Kernels
import Quantities

/// Rows of attention that must have the same bits in every batch, whatever tiles and parts they fall into.
struct AttentionBatchCase: ShaderCase {
    var kernel: String { "attention" }

    var test: AttentionCase
    /// Rows of the batches that all rows are cut into, for every height of a tile, full and ragged.
    var batches = [1, 3, 8]

    var description: String { "\(test) again in batches of \(batches)" }

    func run(on bench: Workbench, times: Int) throws(Fault) -> Accuracy {
        let batch: (rows: Int, word: Int)?
        do throws(ComputeError) { batch = try firstDifference(on: bench) } catch { throw .device(error) }
        if let batch { throw .batchDependent(rows: batch.rows, word: batch.word) }
        return Accuracy()
    }

    private func firstDifference(on bench: Workbench) throws(ComputeError) -> (rows: Int, word: Int)? {
        let setup = try test.setUp(on: bench, isShuffled: false)
        let (rowWidth, width) = (setup.pages.shape.rowWidth, test.ratio * test.kvHeads * test.headSize)
        func run(_ rows: Range<Int>) throws(ComputeError) -> [UInt32] {
            try setup.heads.buffer.write(Array(setup.qkv[rows.lowerBound * rowWidth..<rows.upperBound * rowWidth]))
            let places = setup.places.inputs[0]
            try places.buffer.write(Array(places.words[rows.lowerBound * 4..<rows.upperBound * 4]))
            try bench.lane.run {
                setup.attention.encode(
                    $0, rows: rows.count, pieces: 1, longest: test.lengths.max() ?? 0, layer: setup.pages.layer)
            }
            return try setup.output.buffer.read(rows.count * width, of: UInt32.self)
        }
        let together = try run(0..<setup.rows.count)
        for batch in batches {
            for start in stride(from: 0, to: setup.rows.count, by: batch) {
                let rows = start..<min(setup.rows.count, start + batch)
                let alone = try run(rows)
                let expected = Array(together[rows.lowerBound * width..<rows.upperBound * width])
                if alone != expected { return (rows.count, alone.firstDifference(from: expected)) }
            }
        }
        return nil
    }

    var smaller: [AttentionBatchCase] { batches.count > 1 ? batches.map { with(\.batches, [$0]) } : [] }

    static func table(_ fallback: Fallback, isQuick: Bool) -> [AttentionBatchCase] {
        guard [.none, .gpu].contains(fallback) else { return [] }
        // Where contexts are cut in different ways, across the border between them; where windows are; and neither.
        let long = AttentionCase(
            kv: .f16, headSize: 64, ratio: 3, kvHeads: 1, lengths: [40, 4100], tail: 11, pageTokens: 64)
        let tests = [
            long, long.with(\.mask, .sliding(window: 700)),
            long.with(\.mask, .sliding(window: 9)).with(\.lengths, [40, 261]),
        ]
        return (isQuick ? tests : tests + tests.map { $0.with(\.ratio, 1).with(\.kvHeads, 2) }).map {
            AttentionBatchCase(test: $0)
        }
    }
}
