import Foundation
package import Quantities

extension SplitMix64 {
    /// Exponentially distributed.
    package mutating func exponential(mean: Double) -> Double { -mean * log(1 - unit()) }

    /// Standard normal, by the polar method.
    ///
    /// Source: Marsaglia, Bray, "A convenient method for generating normal variables", 1964.
    package mutating func normal() -> Double {
        while true {
            let x = 2 * unit() - 1
            let y = 2 * unit() - 1
            let square = x * x + y * y
            if square > 0 && square < 1 { return x * (-2 * log(square) / square).squareRoot() }
        }
    }

    /// Gamma distributed with mean `shape * scale`.
    ///
    /// Source: Marsaglia, Tsang, "A simple method for generating gamma variables", 2000.
    package mutating func gamma(shape: Double, scale: Double) -> Double {
        if shape < 1 { return gamma(shape: shape + 1, scale: scale) * pow(1 - unit(), 1 / shape) }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = pow(1 + c * x, 3)
            if v > 0, log(1 - unit()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v * scale }
        }
    }
}
