import Foundation

/// A number that a kernel computes in single precision: its value in double precision, and how far off the kernel may
/// be.
///
/// Every operation adds the rounding that APIs allow to what its operands bring along: running error analysis (Higham,
/// Accuracy and Stability of Numerical Algorithms, 3.3). What is allowed is the laxer of Vulkan's appendix "Precision
/// and Operation of SPIR-V Instructions" and section 7.4 of OpenCL C 1.2.
package struct Estimate: Sendable, Hashable {
    package var value: Double
    /// The most that the kernel's result may be away from `value`.
    package var error: Double

    /// The relative error of one addition or multiplication. Vulkan lets drivers round to either neighbour, so it is a
    /// whole unit in the last place, not half of one.
    package static let rounding = 0x1p-23

    package init(_ value: Double, error: Double = 0) {
        self.value = value
        self.error = error
    }

    /// A number that is given or copied; one below the smallest normal float may count as zero.
    package init(_ value: Float) { self.init(Double(value), error: value.isSubnormal ? Double(abs(value)) : 0) }

    package static func + (a: Estimate, b: Estimate) -> Estimate {
        let value = a.value + b.value
        return Estimate(value, error: a.error + b.error + abs(value) * rounding)
    }

    package static func * (a: Estimate, b: Estimate) -> Estimate {
        let value = a.value * b.value
        let carried = abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
        return Estimate(value, error: carried + (abs(value) + carried) * rounding)
    }

    /// Division may be off by 2.5 units in the last place.
    package static func / (a: Estimate, b: Estimate) -> Estimate {
        let value = a.value / b.value
        let carried = (a.error + abs(value) * b.error) / max(abs(b.value) - b.error, .leastNormalMagnitude)
        return Estimate(value, error: carried + 2.5 * (abs(value) + carried) * rounding)
    }

    /// The exponential may be off by 3 + 2 |x| units in the last place.
    package var exponential: Estimate {
        let result = exp(value)
        let carried = result * (exp(error) - 1)
        return Estimate(result, error: carried + (3 + 2 * abs(value)) * (result + carried) * Self.rounding)
    }

    /// The hyperbolic tangent may be off as far as one that is put together from exponentials.
    package var hyperbolicTangent: Estimate {
        let (up, down) = (exponential, Estimate(-value, error: error).exponential)
        let composed = (up + Estimate(-down.value, error: down.error)) / (up + down)
        return Estimate(tanh(value), error: composed.error)
    }

    /// The inverse square root may be off by 2 units in the last place.
    package var inverseSquareRoot: Estimate {
        let result = 1 / value.squareRoot()
        let carried = result * error / (2 * max(value - error, .leastNormalMagnitude))
        return Estimate(result, error: carried + 2 * (result + carried) * Self.rounding)
    }
}
