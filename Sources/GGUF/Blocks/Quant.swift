/// Rounding to quants as the reference does, without calls into the mathematical library.
enum Quant {
    /// 1 / scale, or 0 for scale 0.
    @inline(__always)
    static func inverse(_ scale: Float) -> Float {
        scale == 0 ? 0 : 1 / scale
    }

    /// `value` cut to a whole number of 0 to `limit`; 0 if it is not finite.
    @inline(__always)
    static func truncated(_ value: Float, limit: Float) -> UInt8 {
        let finite = value >= 0 && value < .infinity ? value : 0
        return UInt8(truncatingIfNeeded: floor(finite < limit ? finite : limit))
    }

    /// The whole number nearest to `value` of -127 to 127, halves away from zero; 0 if it is not finite.
    @inline(__always)
    static func rounded(_ value: Float) -> Int8 {
        let magnitude = value.magnitude < 128 ? value.magnitude : 0
        let whole = floor(magnitude)
        let fraction = magnitude - Float(Int32(bitPattern: whole))
        let quant = Int32(bitPattern: whole) &+ (fraction >= 0.5 ? 1 : 0)
        return Int8(truncatingIfNeeded: value < 0 ? 0 &- quant : quant)
    }

    /// Lends room for the quants of a block.
    @inline(__always)
    static func withScratch(_ body: (UnsafeMutablePointer<UInt8>) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { scratch in
            if let quants = scratch.baseAddress { body(quants) }
        }
    }

    /// The integer part of a number from 0 to 2^22.
    @inline(__always)
    private static func floor(_ value: Float) -> UInt32 {
        // At 2^23 the step of a Float is 1, so the addition rounds to the nearest whole number.
        let rounded = value + 0x1p23
        let excess: UInt32 = rounded - 0x1p23 > value ? 1 : 0
        return rounded.bitPattern &- (0x1p23 as Float).bitPattern &- excess
    }
}
