/// Low and high halves of 16 bytes: quants 0 to 15 and 16 to 31.
enum Nibbles {
    @inline(__always)
    static func unpack(_ bytes: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        for index in 0..<16 {
            let byte = bytes.load(fromByteOffset: index, as: UInt8.self)
            quants[index] = byte & 15
            quants[index + 16] = byte >> 4
        }
    }

    @inline(__always)
    static func pack(_ quants: UnsafePointer<UInt8>, into bytes: UnsafeMutableRawPointer) {
        for index in 0..<16 {
            bytes.storeBytes(of: quants[index] & 15 | quants[index + 16] << 4, toByteOffset: index, as: UInt8.self)
        }
    }
}

/// The fifth bits of 32 quants, quant `i` in bit `i`.
enum FifthBits {
    @inline(__always)
    static func unpack(_ bits: UInt32, onto quants: UnsafeMutablePointer<UInt8>) {
        for index in 0..<32 {
            quants[index] |= UInt8(truncatingIfNeeded: bits &>> UInt32(truncatingIfNeeded: index) & 1) << 4
        }
    }

    @inline(__always)
    static func pack(_ quants: UnsafePointer<UInt8>) -> UInt32 {
        var bits: UInt32 = 0
        for index in 0..<32 {
            bits |= UInt32(quants[index] >> 4) &<< UInt32(truncatingIfNeeded: index)
        }
        return bits
    }
}
