/// The extremes of a block's values, found on their bit patterns, where order is total.
enum BlockRange {
    /// The first value of largest magnitude; a NaN counts as larger than all.
    @inline(__always)
    static func peak(_ values: UnsafePointer<Float>) -> Float {
        var largest: UInt32 = 0
        for index in 0..<32 { largest = max(largest, values[index].bitPattern & 0x7fff_ffff) }
        for index in 0..<32 where values[index].bitPattern & 0x7fff_ffff == largest { return values[index] }
        return 0
    }

    /// The least and the greatest value, both NaN if one value is. Negative zero is less than positive zero.
    @inline(__always)
    static func bounds(_ values: UnsafePointer<Float>) -> (minimum: Float, maximum: Float) {
        var least = Int32.max
        var greatest = Int32.min
        for index in 0..<32 {
            let key = ordered(Int32(bitPattern: values[index].bitPattern))
            least = min(least, key)
            greatest = max(greatest, key)
        }
        let minimum = Float(bitPattern: UInt32(bitPattern: ordered(least)))
        let maximum = Float(bitPattern: UInt32(bitPattern: ordered(greatest)))
        let either = minimum + maximum
        return minimum.isNaN || maximum.isNaN ? (either, either) : (minimum, maximum)
    }

    /// Maps bit patterns to integers of the same order, and back.
    @inline(__always)
    private static func ordered(_ bits: Int32) -> Int32 {
        bits ^ (bits >> 31 & Int32.max)
    }
}
