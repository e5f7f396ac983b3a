/// A binary16 scale and minimum, then 32 4-bit quants: `value = q * scale + minimum`. 20 bytes.
enum Q4_1: QuantizedFormat {
    static var byteCount: Int { 20 }
    static var zeroPoint: Int32 { 0 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        let scale = HalfPrecision.float(block.loadUnaligned(as: UInt16.self))
        return (scale, HalfPrecision.float(block.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 4, into: quants)
    }

    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        let (minimum, maximum) = BlockRange.bounds(values)
        let scale = (maximum - minimum) / 15
        block.storeBytes(of: HalfPrecision.bits(scale), as: UInt16.self)
        block.storeBytes(of: HalfPrecision.bits(minimum), toByteOffset: 2, as: UInt16.self)
        let inverse = Quant.inverse(scale)
        Quant.withScratch { quants in
            for index in 0..<32 {
                quants[index] = Quant.truncated((values[index] - minimum) * inverse + 0.5, limit: 15)
            }
            Nibbles.pack(quants, into: block + 4)
        }
    }
}
