import Foundation
import Quantities

/// The logarithms of measured over fitted times, `[share][batch][length]`; `nan` where not measured.
struct ResidualGrid {
    private let counts: (shares: Int, batches: Int, lengths: Int)
    private(set) var values: [Double]

    /// - Parameter fitted: The fitted time by position in `shares`, batch and length.
    init(_ grid: CostGrid, times: [Double], shares: [Int], fitted: (Int, Double, Double) -> Double) {
        counts = (shares.count, grid.batches.count, grid.lengths.count)
        values = []
        for (position, s) in shares.enumerated() {
            for (b, batch) in grid.batches.enumerated() {
                for (l, length) in grid.lengths.enumerated() {
                    values.append(log(times[grid.index(s, b, l)] / fitted(position, Double(batch), Double(length))))
                }
            }
        }
    }

    /// Cells that stand out from the median of their neighbours by more than a quarter take that median.
    ///
    /// Single measured cells are off by up to 3.6 times where something else ran on the device.
    ///
    /// - Parameter acrossBatches: whether other batches are neighbours; they are not where times go up in steps.
    func smoothed(acrossBatches: Bool) -> ResidualGrid {
        var result = self
        forEachCell { s, b, l in
            let cell = index(s, b, l)
            guard !values[cell].isNaN else { return }
            let around = neighbours(s, b, l, batches: acrossBatches ? -1...1 : 0...0).filter { !$0.isNaN }
            guard around.count >= 3, let median = around.median() else { return }
            // The logarithm of a quarter more. Chosen: fits to MuxServe's costs are off by 2 to 10 % in the median.
            if abs(values[cell] - median) > 0.22 { result.values[cell] = median }
        }
        return result
    }

    /// Cells not measured take the ratio of the nearest measured cell of their share: of its row first.
    func filled() -> ResidualGrid {
        var result = self
        forEachCell { s, b, l in
            if values[index(s, b, l)].isNaN { result.values[index(s, b, l)] = nearest(s, b, l) }
        }
        return result
    }

    private func nearest(_ s: Int, _ b: Int, _ l: Int) -> Double {
        var best: (distance: Int, value: Double) = (.max, 0)
        for otherBatch in 0..<counts.batches {
            for otherLength in 0..<counts.lengths {
                let value = values[index(s, otherBatch, otherLength)]
                // Chosen: cost files have up to six lengths, so that a cell of the row is nearer than any other.
                let distance = 8 * abs(otherBatch - b) + abs(otherLength - l)
                if !value.isNaN, distance < best.distance { best = (distance, value) }
            }
        }
        return best.value
    }

    private func neighbours(_ s: Int, _ b: Int, _ l: Int, batches: ClosedRange<Int>) -> [Double] {
        var found: [Double] = []
        for ds in -1...1 {
            for db in batches {
                for dl in -1...1 where (ds, db, dl) != (0, 0, 0) {
                    let (s, b, l) = (s + ds, b + db, l + dl)
                    let isInside = (0..<counts.shares).contains(s) && (0..<counts.batches).contains(b)
                    if isInside && (0..<counts.lengths).contains(l) { found.append(values[index(s, b, l)]) }
                }
            }
        }
        return found
    }

    private func index(_ s: Int, _ b: Int, _ l: Int) -> Int { (s * counts.batches + b) * counts.lengths + l }

    private func forEachCell(_ body: (Int, Int, Int) -> Void) {
        for s in 0..<counts.shares {
            for b in 0..<counts.batches {
                for l in 0..<counts.lengths { body(s, b, l) }
            }
        }
    }
}
