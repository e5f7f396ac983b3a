/// IEEE 754 binary32.
enum Float32Format: EncodableFormat {
    static var blockSize: Int { 1 }
    static var byteCount: Int { 4 }

    @inline(__always)
    static func decode(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
        values.pointee = block.loadUnaligned(as: Float.self)
    }

    @inline(__always)
    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        block.storeBytes(of: values.pointee, as: Float.self)
    }
}

/// IEEE 754 binary16.
enum Float16Format: EncodableFormat {
    static var blockSize: Int { 1 }
    static var byteCount: Int { 2 }

    @inline(__always)
    static func decode(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
        values.pointee = HalfPrecision.float(block.loadUnaligned(as: UInt16.self))
    }

    @inline(__always)
    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        block.storeBytes(of: HalfPrecision.bits(values.pointee), as: UInt16.self)
    }
}

/// The upper half of an IEEE 754 binary32.
enum BFloat16Format: EncodableFormat {
    static var blockSize: Int { 1 }
    static var byteCount: Int { 2 }

    @inline(__always)
    static func decode(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
        values.pointee = Float(bitPattern: UInt32(block.loadUnaligned(as: UInt16.self)) << 16)
    }

    /// Rounds to nearest, ties to even; a NaN becomes quiet.
    @inline(__always)
    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer) {
        let bits = values.pointee.bitPattern
        let isNaN = bits & 0x7fff_ffff > 0x7f80_0000
        let rounded = isNaN ? bits | 0x0040_0000 : bits &+ 0x7fff &+ (bits >> 16 & 1)
        block.storeBytes(of: UInt16(truncatingIfNeeded: rounded >> 16), as: UInt16.self)
    }
}
