import Foundation

/// Round values along an axis, some five of them.
struct FigureTicks {
    let values: [Double]
    /// The decimals that tell them apart.
    let digits: Int

    /// - Parameter range: not empty. From zero on the last value is at or beyond its end; else all lie in it.
    init(over range: ClosedRange<Double>) {
        let span = range.upperBound - range.lowerBound
        let power = pow(10, (log10(span / 4)).rounded(.down))
        let step = power * ([1, 2, 2.5, 5, 10].first { $0 * power >= span / 4 * 0.999 } ?? 10)
        // Adding zero makes a negative zero a plain one.
        let first = (range.lowerBound / step - 1e-9).rounded(.up) + 0
        let last =
            range.lowerBound == 0
            ? (range.upperBound / step - 1e-9).rounded(.up) : (range.upperBound / step + 1e-9).rounded(.down)
        values = stride(from: first, through: max(first, last), by: 1).map { $0 * step }
        digits = (0...9).first { abs(step * pow(10, Double($0)) - (step * pow(10, Double($0))).rounded()) < 1e-6 } ?? 9
    }

    var texts: [String] { values.map { FigureNumber.text($0, digits: digits) } }
}
