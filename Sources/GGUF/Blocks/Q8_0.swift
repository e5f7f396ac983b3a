/// A binary16 scale, then 32 signed bytes: `value = q * scale`. 34 bytes.
enum Q8_0: QuantizedFormat {
    static var byteCount: Int { 34 }
    static var zeroPoint: Int32 { 128 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        (HalfPrecision.float(block.loadUnaligned(as: UInt16.self)), -0.0)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        // Flipping the sign bit adds 128.
        for index in 0..<32 { quants[index] = block.load(fromByteOffset: 2 + index, as: UInt8.self) ^ 0x80 }
    }

    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        let scale = BlockRange.peak(values).magnitude / 127
        block.storeBytes(of: HalfPrecision.bits(scale), as: UInt16.self)
        let inverse = Quant.inverse(scale)
        for index in 0..<32 {
            block.storeBytes(of: Quant.rounded(values[index] * inverse), toByteOffset: 2 + index, as: Int8.self)
        }
    }
}
