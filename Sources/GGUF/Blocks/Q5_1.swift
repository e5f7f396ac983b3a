/// A binary16 scale and minimum, the fifth bits, then 32 4-bit halves: `value = q * scale + minimum`. 24 bytes.
enum Q5_1: QuantizedFormat {
    static var byteCount: Int { 24 }
    static var zeroPoint: Int32 { 0 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        Q4_1.parameters(block)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 8, into: quants)
        FifthBits.unpack(block.loadUnaligned(fromByteOffset: 4, as: UInt32.self), onto: quants)
    }

    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        let (minimum, maximum) = BlockRange.bounds(values)
        let scale = (maximum - minimum) / 31
        block.storeBytes(of: HalfPrecision.bits(scale), as: UInt16.self)
        block.storeBytes(of: HalfPrecision.bits(minimum), toByteOffset: 2, as: UInt16.self)
        let inverse = Quant.inverse(scale)
        Quant.withScratch { quants in
            for index in 0..<32 {
                quants[index] = Quant.truncated((values[index] - minimum) * inverse + 0.5, limit: 31)
            }
            block.storeBytes(of: FifthBits.pack(quants), toByteOffset: 4, as: UInt32.self)
            Nibbles.pack(quants, into: block + 8)
        }
    }
}
