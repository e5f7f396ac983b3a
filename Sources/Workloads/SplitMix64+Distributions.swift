import Foundation

extension SplitMix64 {
    /// A generator of its own for stream `number` of a seed, so that a further stream changes none of the others.
    public init(seed: UInt64, stream number: Int) {
        var mixer = SplitMix64(seed: seed ^ (UInt64(bitPattern: Int64(number)) &* 0xD1B5_4A32_D192_ED03))
        self.init(seed: mixer.next())
    }

    /// Uniform in 0..<1, with 53 random bits.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Uniform over a range of integers.
    public mutating func integer(in range: ClosedRange<Int>) -> Int {
        let count = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int(count == 0 ? next() : next().multipliedFullWidth(by: count).high)
    }

    /// Exponentially distributed.
    public mutating func exponential(mean: Double) -> Double { -mean * log(1 - unit()) }

    /// Standard normal, by the polar method.
    ///
    /// Source: Marsaglia, Bray, "A convenient method for generating normal variables", 1964.
    public mutating func normal() -> Double {
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
    public mutating func gamma(shape: Double, scale: Double) -> Double {
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
