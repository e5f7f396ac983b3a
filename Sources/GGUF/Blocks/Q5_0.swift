/// A binary16 scale, the fifth bits, then 32 4-bit halves: `value = (q - 16) * scale`. 22 bytes.
enum Q5_0: QuantizedFormat {
    static var byteCount: Int { 22 }
    static var zeroPoint: Int32 { 16 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        (HalfPrecision.float(block.loadUnaligned(as: UInt16.self)), -0.0)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 6, into: quants)
        FifthBits.unpack(block.loadUnaligned(fromByteOffset: 2, as: UInt32.self), onto: quants)
    }

    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        let scale = BlockRange.peak(values) / -16
        block.storeBytes(of: HalfPrecision.bits(scale), as: UInt16.self)
        let inverse = Quant.inverse(scale)
        Quant.withScratch { quants in
            for index in 0..<32 { quants[index] = Quant.truncated(values[index] * inverse + 16.5, limit: 31) }
            block.storeBytes(of: FifthBits.pack(quants), toByteOffset: 2, as: UInt32.self)
            Nibbles.pack(quants, into: block + 6)
        }
    }
}
