/// The spread of a measured time.
package struct Percentiles: Hashable, Sendable, Codable {
    package var mean: Double
    package var p50: Double
    package var p90: Double
    package var p99: Double
    package var max: Double

    /// `nil` for no values. Between two values the percentile is interpolated.
    package init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        mean = sorted.reduce(0, +) / Double(sorted.count)
        p50 = Self.quantile(0.5, of: sorted)
        p90 = Self.quantile(0.9, of: sorted)
        p99 = Self.quantile(0.99, of: sorted)
        max = last
    }

    package static func quantile(_ fraction: Double, of sorted: [Double]) -> Double {
        let position = fraction * Double(sorted.count - 1)
        let lower = Int(position)
        let upper = Swift.min(lower + 1, sorted.count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
    }
}

extension Sequence where Element: Comparable {
    /// The middle value, the upper one of an even number; `nil` for no values.
    package func median() -> Element? {
        let sorted = sorted()
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }
}
