/// A binary16 scale, then 32 4-bit quants: `value = (q - 8) * scale`. 18 bytes.
enum Q4_0: QuantizedFormat {
    static var byteCount: Int { 18 }
    static var zeroPoint: Int32 { 8 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        (HalfPrecision.float(block.loadUnaligned(as: UInt16.self)), -0.0)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 2, into: quants)
    }

    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        let scale = BlockRange.peak(values) / -8
        block.storeBytes(of: HalfPrecision.bits(scale), as: UInt16.self)
        let inverse = Quant.inverse(scale)
        Quant.withScratch { quants in
            for index in 0..<32 { quants[index] = Quant.truncated(values[index] * inverse + 8.5, limit: 15) }
            Nibbles.pack(quants, into: block + 2)
        }
    }
}
