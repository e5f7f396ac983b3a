import Kernels

/// Numbers that arithmetic treats in its own way.
///
/// What is defined of them: a copy keeps them, but for subnormals, which may become zero everywhere. Arithmetic with
/// infinities and with what is no number is IEEE 754's in OpenCL, and the driver's own affair in Vulkan without float
/// controls; on every driver it must stay within the rows that have such numbers. The sign of a zero is not defined, as
/// sums start from +0.
enum SpecialValue: String, CaseIterable, Sendable {
    case notANumber = "NaN"
    case infinite = "infinity"
    case negativeInfinite = "-infinity"
    case subnormal
    case negativeZero = "-0"

    var float: Float {
        switch self {
        case .notANumber: .nan
        case .infinite: .infinity
        case .negativeInfinite: -.infinity
        case .subnormal: .leastNormalMagnitude / 3
        case .negativeZero: -0.0
        }
    }

    /// The value as weights of `format` hold it.
    func weight(_ format: WeightFormat) -> Float {
        self == .subnormal && format == .f16 ? Float(Float16.leastNormalMagnitude / 3) : float
    }

    /// Puts the value into the middle row of `rows`: throughout for those that leave a row finite, else
    /// in four places.
    func place(in x: inout [Float], rows: Int, width: Int) {
        let start = rows / 2 * width
        switch self {
        case .subnormal, .negativeZero: for index in start..<start + width { x[index] = float }
        default: for index in start + width / 2..<start + width / 2 + 4 { x[index] = float }
        }
    }
}
