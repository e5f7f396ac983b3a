/// 256 values in 16 parts, 2-bit quants with scales and minimums of 4 bits. 84 bytes.
enum Q2_K: PartedFormat {
    static var blockSize: Int { 256 }
    static var byteCount: Int { 84 }
    static var partSize: Int { 16 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        KQuants.halves(block + 80)
    }

    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        for part in 0..<16 {
            let byte = block.load(fromByteOffset: part, as: UInt8.self)
            scales[part] = Int8(truncatingIfNeeded: byte & 15)
            minimums[part] = byte >> 4
        }
    }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        KQuants.unpackPairs(block + 16, into: quants)
    }
}

/// 256 values in 16 parts, 3-bit quants around 4 with signed scales of 6 bits. 110 bytes.
enum Q3_K: PartedFormat {
    static var blockSize: Int { 256 }
    static var byteCount: Int { 110 }
    static var partSize: Int { 16 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        (HalfPrecision.float(block.loadUnaligned(fromByteOffset: 108, as: UInt16.self)), 0)
    }

    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        for part in 0..<16 {
            let low = block.load(fromByteOffset: 96 + part % 8, as: UInt8.self) >> UInt8(4 * (part / 8)) & 15
            let high = block.load(fromByteOffset: 104 + part % 4, as: UInt8.self) >> UInt8(2 * (part / 4)) & 3
            scales[part] = Int8(truncatingIfNeeded: low | high << 4) - 32
            minimums[part] = 0
        }
    }

    /// The third bits stand apart, those of values that are 32 apart in one byte.
    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        KQuants.unpackPairs(block + 32, into: quants)
        for index in 0..<256 {
            let bits = block.load(fromByteOffset: index % 32, as: UInt8.self)
            quants[index] |= (bits >> UInt8(index / 32) & 1) << 2
        }
    }

    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { Int32(quant) &- 4 }
}

/// 256 values in 8 parts, 4-bit quants with scales and minimums of 6 bits. 144 bytes.
enum Q4_K: SixBitFormat {
    static var byteCount: Int { 144 }

    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        KQuants.unpackNibbles(block + 16, width: 32, into: quants)
    }
}

/// 256 values in 8 parts, 5-bit quants with scales and minimums of 6 bits. 176 bytes.
enum Q5_K: SixBitFormat {
    static var byteCount: Int { 176 }

    /// The fifth bits stand apart, those of values that are 32 apart in one byte.
    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        KQuants.unpackNibbles(block + 48, width: 32, into: quants)
        for index in 0..<256 {
            let bits = block.load(fromByteOffset: 16 + index % 32, as: UInt8.self)
            quants[index] |= (bits >> UInt8(index / 32) & 1) << 4
        }
    }
}

/// 256 values in 16 parts, 6-bit quants around 32 with signed bytes as scales. 210 bytes.
enum Q6_K: PartedFormat {
    static var blockSize: Int { 256 }
    static var byteCount: Int { 210 }
    static var partSize: Int { 16 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        (HalfPrecision.float(block.loadUnaligned(fromByteOffset: 208, as: UInt16.self)), 0)
    }

    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        for part in 0..<16 {
            scales[part] = block.load(fromByteOffset: 192 + part, as: Int8.self)
            minimums[part] = 0
        }
    }

    /// The upper two bits stand apart, in pairs as all bits of Q2_K.
    @inline(__always)
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        KQuants.unpackNibbles(block, width: 64, into: quants)
        for index in 0..<256 { quants[index] |= KQuants.pair(block + 128, index) << 4 }
    }

    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { Int32(quant) &- 32 }
}

/// Blocks of 256 values in 8 parts, whose halves and whose scales and minimums of 6 bits stand in front.
protocol SixBitFormat: PartedFormat {}

extension SixBitFormat {
    static var blockSize: Int { 256 }
    static var partSize: Int { 32 }

    @inline(__always)
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float) { KQuants.halves(block) }

    /// Eight scales and eight minimums of 6 bits in 12 bytes behind the halves: the first four in the low bits of their
    /// bytes, the last four in nibbles, with their upper bits above the first ones.
    @inline(__always)
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>
    ) {
        func byte(_ index: Int) -> UInt8 { block.load(fromByteOffset: 4 + index, as: UInt8.self) }
        for part in 0..<4 {
            scales[part] = Int8(truncatingIfNeeded: byte(part) & 63)
            minimums[part] = byte(part + 4) & 63
            scales[part + 4] = Int8(truncatingIfNeeded: byte(part + 8) & 15 | (byte(part) >> 6) << 4)
            minimums[part + 4] = byte(part + 8) >> 4 | (byte(part + 4) >> 6) << 4
        }
    }
}

/// What the types of 256 values share.
enum KQuants {
    /// Two halves side by side: a scale and a minimum.
    @inline(__always)
    static func halves(_ bytes: UnsafeRawPointer) -> (scale: Float, minimum: Float) {
        let scale = HalfPrecision.float(bytes.loadUnaligned(as: UInt16.self))
        return (scale, HalfPrecision.float(bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
    }

    /// Nibbles of 256 values: `width` low ones, then the `width` high ones of the same bytes.
    @inline(__always)
    static func unpackNibbles(_ bytes: UnsafeRawPointer, width: Int, into quants: UnsafeMutablePointer<UInt8>) {
        for index in 0..<128 {
            let byte = bytes.load(fromByteOffset: index, as: UInt8.self)
            let start = index / width * (2 * width) + index % width
            quants[start] = byte & 15
            quants[start + width] = byte >> 4
        }
    }

    /// The two bits of a value, four values that are 32 apart in one byte.
    @inline(__always)
    static func pair(_ bytes: UnsafeRawPointer, _ index: Int) -> UInt8 {
        let byte = bytes.load(fromByteOffset: index / 128 * 32 + index % 32, as: UInt8.self)
        return byte >> UInt8(index % 128 / 32 * 2) & 3
    }

    @inline(__always)
    static func unpackPairs(_ bytes: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>) {
        for index in 0..<256 { quants[index] = pair(bytes, index) }
    }
}
