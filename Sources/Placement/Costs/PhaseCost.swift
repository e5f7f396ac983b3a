import Foundation
package import Quantities

/// The time of one phase of a model on some devices, at any share, batch and length.
///
/// A roofline is fitted for each share; beside it stand the logarithms of measured over fitted time, smoothed, which
/// are interpolated between measured points. Beyond the points the nearest ratio scales the roofline.
package struct PhaseCost: Hashable, Sendable {
    private let shares: [Double]
    private let fits: [RooflineFit]
    /// Base-2 logarithms of the grid's batches and lengths.
    private let batches: [Double]
    private let lengths: [Double]
    /// `[share][batch][length]`
    private let residuals: [Double]
    private let isPrefill: Bool
    private var division: Division?

    /// By how many more devices than were measured the work is divided, and what they spend on meetings.
    private struct Division: Hashable, Sendable {
        var parts: Double
        var exchange: ExchangeCost
        /// What is in the measured times.
        var known: ExchangeCost?

        func time(_ measured: Seconds, rows: Double) -> Seconds {
            max(0, measured - (known?.time(rows: rows) ?? 0)) / parts + exchange.time(rows: rows)
        }
    }

    /// Divides the work among so many times as many devices.
    ///
    /// - Parameter known: what those that were measured spent on meetings.
    mutating func divide(among parts: Double, meeting exchange: ExchangeCost, instead known: ExchangeCost?) {
        division = Division(parts: parts, exchange: exchange, known: known)
    }

    /// - Parameter hasSteps: whether the batches were chosen to show the steps of the kernels' tiles.
    /// - Returns: `nil` where no cell of the phase was measured.
    init?(_ grid: CostGrid, isPrefill: Bool, hasSteps: Bool) {
        let times = isPrefill ? grid.prefill : grid.decode
        var fits: [RooflineFit] = []
        var kept: [Int] = []
        for s in grid.shares.indices {
            if let fit = RooflineFit(Self.points(grid, times, share: s, isPrefill)) {
                fits.append(fit)
                kept.append(s)
            }
        }
        if fits.isEmpty { return nil }
        let measured = ResidualGrid(grid, times: times, shares: kept) { s, batch, length in
            let (x, y) = Self.work(batch, length, isPrefill)
            return fits[s].time(x, y)
        }
        self.fits = fits
        self.isPrefill = isPrefill
        shares = kept.map { Double(grid.shares[$0]) / 100 }
        batches = grid.batches.map { log2(Double($0)) }
        lengths = grid.lengths.map { log2(Double($0)) }
        residuals = measured.smoothed(acrossBatches: !hasSteps).filled().values
    }

    /// Smaller shares count as this one, so that no time is infinite. Chosen: a tenth of the least that a job can have.
    private static let leastShare = 0.01

    /// The time of one job.
    ///
    /// - Parameters:
    ///   - batch: Sequences in the job.
    ///   - length: Mean prompt tokens (prefill) or mean cached tokens (decode) of a sequence.
    ///   - share: The part of the devices' compute, 0...1.
    /// - Complexity: O(log of the measured points).
    package func time(batch: Double, length: Double, share: Double) -> Seconds {
        let (batch, length) = (max(1, batch), max(1, length))
        let b = Position(log2(batch), in: batches)
        let l = Position(log2(length), in: lengths)
        let (x, y) = Self.work(batch, length, isPrefill), measured: Seconds
        if share < shares[0] {
            measured = time(0, b, l, x, y) * shares[0] / max(share, Self.leastShare)
        } else {
            let s = Position(share, in: shares), low = time(s.lower, b, l, x, y)
            measured = s.fraction == 0 ? low : low + (time(s.lower + 1, b, l, x, y) - low) * s.fraction
        }
        return division?.time(measured, rows: x) ?? measured
    }

    /// The time of one chunk of prompts, whose tokens attend to those before them too.
    ///
    /// The attention to earlier chunks is in what a whole prompt takes more than they do.
    ///
    /// - Parameters:
    ///   - length: Mean tokens of a chunk.
    ///   - cached: Mean tokens before it.
    /// - Complexity: As `time`.
    package func chunkTime(batch: Double, length: Double, after cached: Double, share: Double) -> Seconds {
        let alone = time(batch: batch, length: length, share: share)
        if cached < 1 { return alone }
        let whole = time(batch: batch, length: cached + length, share: share)
        return max(alone, whole - time(batch: batch, length: cached, share: share) + fixedTime(share: share))
    }

    /// What a job takes however small it is: that part of its time which jobs in one pass share.
    ///
    /// - Complexity: As `time`.
    package func fixedTime(share: Double) -> Seconds {
        let measured: Seconds
        if share < shares[0] {
            measured = fits[0].fixed * shares[0] / max(share, Self.leastShare)
        } else {
            let s = Position(share, in: shares), low = fits[s.lower].fixed
            measured = s.fraction == 0 ? low : low + (fits[s.lower + 1].fixed - low) * s.fraction
        }
        return division?.time(measured, rows: 0) ?? measured
    }

    private func time(_ s: Int, _ b: Position, _ l: Position, _ x: Double, _ y: Double) -> Double {
        let row = (s * batches.count + b.lower) * lengths.count + l.lower
        let (right, down) = (l.fraction > 0 ? 1 : 0, b.fraction > 0 ? lengths.count : 0)
        let upper = residuals[row] + (residuals[row + right] - residuals[row]) * l.fraction
        let lower = residuals[row + down] + (residuals[row + down + right] - residuals[row + down]) * l.fraction
        return fits[s].time(x, y) * exp(upper + (lower - upper) * b.fraction)
    }

    private static func work(_ batch: Double, _ length: Double, _ isPrefill: Bool) -> (x: Double, y: Double) {
        isPrefill ? (batch * length, batch * length * length) : (batch, batch * length)
    }

    private static func points(
        _ grid: CostGrid, _ times: [Seconds], share: Int, _ isPrefill: Bool
    ) -> [RooflineFit.Point] {
        grid.batches.enumerated().flatMap { b, batch in
            grid.lengths.enumerated().compactMap { l, length in
                let time = times[grid.index(share, b, l)]
                let (x, y) = work(Double(batch), Double(length), isPrefill)
                return time.isNaN ? nil : RooflineFit.Point(x: x, y: y, time: time)
            }
        }
    }
}

/// Where a value lies between ascending points: behind `lower` by `fraction` of the gap; clamped to the ends.
private struct Position {
    var lower: Int
    var fraction: Double

    init(_ value: Double, in points: [Double]) {
        var (low, high) = (0, points.count - 1)
        guard value > points[0] else { (lower, fraction) = (0, 0); return }
        guard value < points[high] else { (lower, fraction) = (high, 0); return }
        while high - low > 1 {
            let middle = (low + high) / 2
            if points[middle] <= value { low = middle } else { high = middle }
        }
        (lower, fraction) = (low, (value - points[low]) / (points[high] - points[low]))
    }
}
