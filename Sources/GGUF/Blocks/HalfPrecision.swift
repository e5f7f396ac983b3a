/// Conversion between 32-bit and 16-bit floating point by integer arithmetic: exact, the same on every processor, and
/// in a form that compilers vectorise.
enum HalfPrecision {
    /// The value of an IEEE 754 binary16 bit pattern.
    @inline(__always)
    static func float(_ half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let magnitude = UInt32(half & 0x7fff) << 13
        // Moves the exponent from bias 15 to bias 127; subnormal halves become normal on the way.
        let scaled = (Float(bitPattern: magnitude) * 0x1p112).bitPattern
        let special: UInt32 = half & 0x7c00 == 0x7c00 ? 0x7f80_0000 : 0
        return Float(bitPattern: sign | scaled | special)
    }

    /// The nearest IEEE 754 binary16 bit pattern, ties to even; infinity beyond 65,519; a NaN becomes quiet.
    @inline(__always)
    static func bits(_ value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        let magnitude = bits & 0x7fff_ffff
        let half: UInt32
        if magnitude > 0x7f80_0000 {
            half = 0x7e00 | (magnitude >> 13 & 0x1ff)
        } else if magnitude >= 0x4780_0000 {
            half = 0x7c00
        } else if magnitude < 0x3880_0000 {
            // The addition rounds to multiples of 2^-24, the step of subnormal halves.
            half = (Float(bitPattern: magnitude) + 0.5).bitPattern &- (0.5 as Float).bitPattern
        } else {
            half = (magnitude &- 0x3800_0000 &+ 0xfff &+ (magnitude >> 13 & 1)) >> 13
        }
        return sign | UInt16(truncatingIfNeeded: half)
    }
}
