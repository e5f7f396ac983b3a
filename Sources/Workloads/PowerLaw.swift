import Foundation

/// Popularity that falls with rank: the rate of rank i is `maxRate * (i + 1)^-alpha`.
///
/// Source: MuxServe's synthetic workloads, where alpha is 0.7 to 2.1 and the hottest of 19 models has 20 to 50 requests
/// per second.
package struct PowerLaw: Hashable, Sendable, Codable {
    package var alpha: Double
    package var maxRate: Double

    package init(alpha: Double, maxRate: Double) {
        self.alpha = alpha
        self.maxRate = maxRate
    }

    /// The law whose rates add up to `totalRate` over `count` models.
    package init(alpha: Double, totalRate: Double, count: Int) {
        let sum = Self(alpha: alpha, maxRate: 1).rates(count: count).reduce(0, +)
        self.init(alpha: alpha, maxRate: totalRate / sum)
    }

    /// The rates of `count` models, the hottest first.
    package func rates(count: Int) -> [Double] {
        (0..<count).map { maxRate * pow(Double($0 + 1), -alpha) }
    }
}
