/// A block of 32 small integers `q` with `value = (q - zeroPoint) * scale + minimum`.
protocol QuantizedFormat: EncodableFormat {
    /// The quant of value zero in a symmetric format, 0 in one with a minimum.
    static var zeroPoint: Int32 { get }

    /// The numbers before the quants. `minimum` is -0 in a symmetric format: adding it changes nothing, not even a
    /// sign.
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float)

    /// Writes the 32 quants, unsigned.
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>)

    /// Unpacks blocks that lie side by side, for `value = q * scale + minimum`.
    static func unpack(
        _ count: Int, _ blocks: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>)
}

extension QuantizedFormat {
    static var blockSize: Int { 32 }

    @inline(__always)
    static func decode(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
        let (scale, minimum) = parameters(block)
        Quant.withScratch { quants in
            unpack(block, into: quants)
            for index in 0..<32 {
                values[index] = Float(Int32(quants[index]) &- zeroPoint) * scale + minimum
            }
        }
    }

    static func unpack(
        _ count: Int, _ blocks: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>,
        _ scales: UnsafeMutablePointer<Float>, _ minimums: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<count {
            let block = blocks + index * byteCount
            let (scale, minimum) = parameters(block)
            unpack(block, into: quants + index * 32)
            scales[index] = scale
            minimums[index] = zeroPoint == 0 ? minimum : Float(-zeroPoint) * scale
        }
    }
}

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
