/// A small seeded generator, equal on every platform.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A generator of its own for stream `number` of a seed, so that a further stream changes none of the others.
    package init(seed: UInt64, stream number: Int) {
        var mixer = SplitMix64(seed: seed ^ (UInt64(bitPattern: Int64(number)) &* 0xD1B5_4A32_D192_ED03))
        self.init(seed: mixer.next())
    }

    /// Uniform in 0..<1, with 53 random bits.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number from -1 up to 1, exclusive, with 24 random bits.
    package mutating func signedUnit() -> Float { Float(next() >> 40) * 0x1p-23 - 1 }

    /// Uniform over a range of integers.
    package mutating func integer(in range: ClosedRange<Int>) -> Int {
        let count = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int(count == 0 ? next() : next().multipliedFullWidth(by: count).high)
    }
}
