package import Quantities

/// How the requests of a model follow each other in time.
package enum ArrivalProcess: Hashable, Sendable, Codable {
    /// Independent of each other.
    case poisson
    /// Gamma distributed gaps; `cv` is their deviation over their mean: 1 is Poisson, more comes in bursts.
    case gamma(cv: Double)
    /// Equal gaps.
    case deterministic

    /// The seconds until the next arrival at `rate` arrivals per second.
    package func gap(rate: Double, using random: inout SplitMix64) -> Seconds {
        switch self {
        case .poisson: random.exponential(mean: 1 / rate)
        case .gamma(let cv): random.gamma(shape: 1 / (cv * cv), scale: cv * cv / rate)
        case .deterministic: 1 / rate
        }
    }
}
