import Foundation
package import Quantities

/// How many tokens a model's prompts or outputs have.
package enum LengthDistribution: Hashable, Sendable, Codable {
    case fixed(Int)
    case uniform(ClosedRange<Int>)
    /// Drawn again until within the limits.
    case exponential(mean: Double, limits: ClosedRange<Int>)
    /// `location` and `spread` are mean and deviation of the logarithm; drawn again until within the limits.
    case logNormal(location: Double, spread: Double, limits: ClosedRange<Int>)

    /// Prompts as in ShareGPT conversations: 161 tokens on average, 4...1024.
    package static let shareGPTPrompts = logNormal(mean: 161, spread: 1.2, limits: 4...1024)
    /// Outputs as in ShareGPT conversations: 338 tokens on average, at least 4.
    package static let shareGPTOutputs = logNormal(mean: 338, spread: 0.95, limits: 4...2044)

    /// The log-normal distribution that has the given mean within its limits.
    ///
    /// - Parameters:
    ///   - mean: The mean of the drawn lengths, well within the limits.
    ///   - spread: The standard deviation of the logarithm.
    package static func logNormal(mean: Double, spread: Double, limits: ClosedRange<Int>) -> LengthDistribution {
        var low = log(Double(limits.lowerBound)) - 4 * spread
        var high = log(Double(limits.upperBound)) + 4 * spread
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if truncatedMean(location: middle, spread: spread, limits: limits) < mean {
                low = middle
            } else {
                high = middle
            }
        }
        return .logNormal(location: (low + high) / 2, spread: spread, limits: limits)
    }

    /// The mean of the drawn lengths.
    package var mean: Double {
        switch self {
        case .fixed(let length): Double(length)
        case .uniform(let range): Double(range.lowerBound + range.upperBound) / 2
        case .exponential(let mean, let limits): Self.truncatedMean(mean: mean, limits: limits)
        case .logNormal(let location, let spread, let limits):
            Self.truncatedMean(location: location, spread: spread, limits: limits)
        }
    }

    package var limits: ClosedRange<Int> {
        switch self {
        case .fixed(let length): length...length
        case .uniform(let range): range
        case .exponential(_, let limits), .logNormal(_, _, let limits): limits
        }
    }

    package func sample(using random: inout SplitMix64) -> Int {
        switch self {
        case .fixed(let length): return length
        case .uniform(let range): return random.integer(in: range)
        case .exponential(let mean, let limits):
            return Self.draw(limits) { random.exponential(mean: mean) }
        case .logNormal(let location, let spread, let limits):
            return Self.draw(limits) { exp(location + spread * random.normal()) }
        }
    }

    /// Draws until within limits; clamps after a thousand draws, which a mean far outside the limits would take.
    private static func draw(_ limits: ClosedRange<Int>, _ value: () -> Double) -> Int {
        let range = Double(limits.lowerBound) - 0.5...Double(limits.upperBound) + 0.5
        var drawn = 0.0
        for _ in 0..<1000 {
            drawn = value()
            if range.contains(drawn) { break }
        }
        return max(limits.lowerBound, min(limits.upperBound, Int(drawn.clamped(to: range).rounded())))
    }

    private static func truncatedMean(location: Double, spread: Double, limits: ClosedRange<Int>) -> Double {
        func mass(_ shift: Double) -> Double {
            func below(_ x: Double) -> Double { 0.5 * erfc(-(log(x) - location - shift) / (spread * 2.0.squareRoot())) }
            return below(Double(limits.upperBound) + 0.5) - below(max(0.01, Double(limits.lowerBound) - 0.5))
        }
        let inside = mass(0)
        guard inside > 1e-12 else { return location < log(Double(limits.lowerBound)) ? 0 : .infinity }
        return exp(location + spread * spread / 2) * mass(spread * spread) / inside
    }

    private static func truncatedMean(mean: Double, limits: ClosedRange<Int>) -> Double {
        let low = max(0, Double(limits.lowerBound) - 0.5)
        let width = Double(limits.upperBound) + 0.5 - low
        let tail = exp(-width / mean)
        return low + mean - width * tail / (1 - tail)
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(range.upperBound, Swift.max(range.lowerBound, self))
    }
}
