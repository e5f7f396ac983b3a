/// The spread of a measured time.
public struct Percentiles: Hashable, Sendable, Codable {
    public var mean: Double
    public var p50: Double
    public var p90: Double
    public var p99: Double
    public var max: Double

    /// `nil` for no values. Between two values the percentile is interpolated.
    public init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let last = sorted.last else { return nil }
        mean = sorted.reduce(0, +) / Double(sorted.count)
        p50 = Self.quantile(0.5, of: sorted)
        p90 = Self.quantile(0.9, of: sorted)
        p99 = Self.quantile(0.99, of: sorted)
        max = last
    }

    private static func quantile(_ fraction: Double, of sorted: [Double]) -> Double {
        let position = fraction * Double(sorted.count - 1)
        let lower = Int(position)
        let upper = Swift.min(lower + 1, sorted.count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (position - Double(lower))
    }
}
