import Quantities

/// Times of two things that were measured in turns: machines drift, and what both times of a pair have of that is not
/// in their ratio.
package struct PairedTimes: Sendable, Hashable {
    package struct Pair: Sendable, Hashable {
        /// Seconds.
        package var base: Double
        package var other: Double

        package init(base: Double, other: Double) { (self.base, self.other) = (base, other) }
    }

    package private(set) var pairs: [Pair]

    package init(_ pairs: [Pair]) { self.pairs = pairs }

    /// What the other takes of the base's time, as a median of the pairs; 1 without any.
    package var ratio: Double { ratios.median() ?? 1 }

    /// How far from 1 a ratio must be to count: three standard errors of the median, and two in a hundred at least,
    /// which no choice is worth.
    ///
    /// The standard deviation is estimated from the median absolute deviation, which outliers do not move; that of a
    /// median is 1.2533 times that of a mean. Source: Rousseeuw & Croux 1993.
    package var margin: Double {
        let ratio = ratio
        let deviation = 1.4826 * (ratios.map { abs($0 - ratio) }.median() ?? 0)
        return max(Self.leastMargin, 3 * 1.2533 * deviation / Double(max(1, pairs.count)).squareRoot())
    }

    package static let leastMargin = 0.02

    package var isFaster: Bool { ratio < 1 - margin }
    package var isSlower: Bool { ratio > 1 + margin }

    /// The base's median time, in seconds.
    package var baseSeconds: Double { pairs.map(\.base).median() ?? 0 }

    private var ratios: [Double] { pairs.map { $0.other / $0.base } }
}
