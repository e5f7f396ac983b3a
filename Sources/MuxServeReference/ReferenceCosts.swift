import Placement

/// The cost look-up of MuxServe's published optimiser, defects included: batches are rounded up to the next measured
/// one and long prefills that were not measured cost what shorter ones do.
struct ReferenceCosts: Sendable {
    /// Ascending measured decode batches.
    let batches: [Int]
    let prefill: [Double]
    let decode: [Double]
    /// Scheduling overhead added to decode for each sequence.
    let overhead: Double

    /// - Parameters:
    ///   - prefillShare: Position of the share of prefill jobs in the grid; `decodeShare` likewise.
    init?(_ grid: CostGrid, prefillShare: Int, decodeShare: Int, prompt: Int, output: Int, overhead: Double) {
        let prefills = Self.column(grid, grid.prefill, prefillShare, upTo: prompt) { $0[$0.count - 1] }
        let decodes = Self.column(grid, grid.decode, decodeShare, upTo: output) { values in
            var sum = 0.0
            let running = values.enumerated().map { index, value in
                sum += value
                return sum / Double(index + 1)
            }
            return running.reduce(0, +) / Double(running.count)
        }
        guard !prefills.isEmpty, !decodes.isEmpty else { return nil }
        batches = decodes.map(\.batch)
        decode = decodes.map(\.time)
        prefill = decodes.indices.map { prefills[min($0, prefills.count - 1)].time }
        self.overhead = overhead
    }

    var maxBatch: Int { batches[batches.count - 1] }

    /// The position of the first measured batch that holds `batch` sequences.
    func row(_ batch: Double) -> Int {
        var (low, high) = (0, batches.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if Double(batches[middle]) >= batch { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Requests per second of the model alone at a batch.
    func throughput(batch: Double, output: Double) -> Double {
        let row = row(batch)
        return batch / ((decode[row] + overhead * batch) * output + prefill[row])
    }

    /// For each batch the value that stands for all its lengths, walked up to the first length beyond `limit`.
    private static func column(
        _ grid: CostGrid, _ times: [Double], _ share: Int, upTo limit: Int, _ combine: ([Double]) -> Double
    ) -> [(batch: Int, time: Double)] {
        let end = (grid.lengths.firstIndex { $0 > limit } ?? grid.lengths.count - 1) + 1
        return grid.batches.enumerated().compactMap { b, batch in
            let values = (0..<end).map { times[grid.index(share, b, $0)] }.filter { !$0.isNaN }
            return values.isEmpty ? nil : (batch, combine(values))
        }
    }
}
