import Quantities

/// Blocks of 32 values with one scale.
protocol OnePartFormat: PartedFormat {}

extension OnePartFormat {
    static var blockSize: Int { 32 }
    static var partSize: Int { 32 }

    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        (scales[0], minimums[0]) = (1, 0)
    }
}

/// A binary16 scale, then 32 4-bit quants of steps that are finer near zero. 18 bytes.
enum IQ4_NL: OnePartFormat {
    static var byteCount: Int { 18 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        (HalfPrecision.float(block.loadUnaligned(as: UInt16.self)), 0)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 2, into: quants)
    }

    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { Int32(QuantTable.nonlinear[Int(quant)]) }
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
enum MXFP4: OnePartFormat {
    static var byteCount: Int { 17 }

    /// Half the power of two: 2^(E - 128).
    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        let exponent = UInt32(block.load(as: UInt8.self))
        return (Float(bitPattern: exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23), 0)
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        Nibbles.unpack(block + 1, into: quants)
    }

    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { Int32(QuantTable.fourBitFloats[Int(quant)]) }
}
