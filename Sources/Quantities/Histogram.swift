/// How many values of a kind there were below each of some bounds, and their sum: what Prometheus calls a histogram.
///
/// ```swift
/// var times = Histogram(bounds: [0.1, 1])
/// times.add(0.5)
/// times.cumulated     // [0, 1, 1]: up to 0.1, up to 1, in all
/// ```
package struct Histogram: Sendable, Codable, Hashable {
    /// Ascending.
    package let bounds: [Double]
    /// Values up to each bound and above the one before, then those above all.
    private var counts: [Int]
    package private(set) var sum = 0.0

    package init(bounds: [Double]) {
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, "bounds must ascend")
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// - Complexity: O(bounds).
    package mutating func add(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }

    package var count: Int { counts.reduce(0, +) }

    /// Values up to each bound, and all.
    package var cumulated: [Int] {
        var total = 0
        return counts.map { count in
            total += count
            return total
        }
    }
}
