/// A binary16 scale, then 32 4-bit quants of steps that are finer near zero. 18 bytes.
enum IQ4_NL: PartedFormat {
    static var blockSize: Int { 32 }
    static var byteCount: Int { 18 }
    static var partSize: Int { 32 }

    /// Source: `kvalues_iq4nl` of ggml.
    private static let steps: [Int8] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        (HalfPrecision.float(block.loadUnaligned(as: UInt16.self)), 0)
    }

    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        (scales[0], minimums[0]) = (1, 0)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 2, into: quants)
    }

    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { Int32(steps[Int(quant)]) }
}

/// 256 values in 8 parts, quants as in IQ4_NL with signed scales of 6 bits. 136 bytes.
enum IQ4_XS: PartedFormat {
    static var blockSize: Int { 256 }
    static var byteCount: Int { 136 }
    static var partSize: Int { 32 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) { IQ4_NL.parameters(block) }

    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        let high = block.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
        for part in 0..<8 {
            let low = block.load(fromByteOffset: 4 + part / 2, as: UInt8.self) >> UInt8(4 * (part % 2)) & 15
            scales[part] = Int8(truncatingIfNeeded: UInt16(low) | (high >> UInt16(2 * part) & 3) << 4) - 32
            minimums[part] = 0
        }
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        for part in 0..<8 { Nibbles.unpack(block + 8 + 16 * part, into: quants + 32 * part) }
    }

    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { IQ4_NL.number(quant) }
}

/// A power of two, then 32 4-bit floating-point numbers (E2M1). 17 bytes.
///
/// Source: OCP Microscaling Formats 1.0.
enum MXFP4: PartedFormat {
    static var blockSize: Int { 32 }
    static var byteCount: Int { 17 }
    static var partSize: Int { 32 }

    /// Twice the values, so that they are whole.
    private static let doubles: [Int8] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]

    /// Half the power of two: 2^(E - 128).
    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        let exponent = UInt32(block.load(as: UInt8.self))
        return (Float(bitPattern: exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23), 0)
    }

    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        (scales[0], minimums[0]) = (1, 0)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 1, into: quants)
    }

    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { Int32(doubles[Int(quant)]) }
}
