package import Quantities

/// The measured times of one model on one number of devices, by share, batch and length.
///
/// Cells are stored as `[share][batch][length]`; a cell not measured is `nan`.
package struct CostGrid: Hashable, Sendable {
    /// Percent, ascending.
    package let shares: [Int]
    /// Sequences in a job, ascending.
    package let batches: [Int]
    /// Tokens of each sequence, ascending.
    package let lengths: [Int]
    package internal(set) var prefill: [Seconds]
    package internal(set) var decode: [Seconds]

    /// The grid over all points that occur in the measurements; of two for one point the later counts.
    package init(_ measurements: [CostMeasurement]) {
        shares = Set(measurements.map(\.sharePercent)).sorted()
        batches = Set(measurements.map(\.batch)).sorted()
        lengths = Set(measurements.map(\.length)).sorted()
        let count = shares.count * batches.count * lengths.count
        prefill = Array(repeating: .nan, count: count)
        decode = Array(repeating: .nan, count: count)
        let shareIndex = Self.positions(shares)
        let batchIndex = Self.positions(batches)
        let lengthIndex = Self.positions(lengths)
        for point in measurements {
            guard let s = shareIndex[point.sharePercent], let b = batchIndex[point.batch],
                let l = lengthIndex[point.length]
            else { continue }
            prefill[index(s, b, l)] = point.prefill ?? .nan
            decode[index(s, b, l)] = point.decode ?? .nan
        }
    }

    /// Where a cell lies in `prefill` and `decode`, by positions in `shares`, `batches`, `lengths`.
    package func index(_ share: Int, _ batch: Int, _ length: Int) -> Int {
        (share * batches.count + batch) * lengths.count + length
    }

    private static func positions(_ values: [Int]) -> [Int: Int] {
        Dictionary(uniqueKeysWithValues: values.enumerated().map { ($1, $0) })
    }
}
