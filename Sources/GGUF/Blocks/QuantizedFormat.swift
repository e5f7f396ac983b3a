/// A block of 32 small integers `q` with `value = (q - zeroPoint) * scale + minimum`.
protocol QuantizedFormat: BlockFormat {
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
