/// A block of parts that each have a whole number as scale: `value = number(q) * (s * t) - z * u`, with `s` and `z` of
/// the block, `t` and `u` of the part.
///
/// Source: `ggml-quants.c` of ggml, in whose order of operations values are computed.
protocol PartedFormat: BlockFormat {
    /// Values in a part.
    static var partSize: Int { get }

    /// `s` and `z`.
    static func parameters(_ block: UnsafeRawPointer) -> (scale: Float, minimum: Float)

    /// `t` and `u` of all parts.
    static func unpackParts(
        _ block: UnsafeRawPointer, _ scales: UnsafeMutablePointer<Int8>, _ minimums: UnsafeMutablePointer<UInt8>)

    /// Writes the quants of the block, unsigned.
    static func unpack(_ block: UnsafeRawPointer, into quants: UnsafeMutablePointer<UInt8>)

    /// The whole number that a quant stands for; itself by default.
    static func number(_ quant: UInt8) -> Int32

    /// Unpacks blocks that lie side by side.
    static func unpack(_ count: Int, _ blocks: UnsafeRawPointer, into room: UnpackedBlocks.Room)
}

extension PartedFormat {
    @inline(__always)
    static func number(_ quant: UInt8) -> Int32 { Int32(quant) }

    static func decode(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
        let (scale, minimum) = parameters(block)
        let parts = blockSize / partSize
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: blockSize + 2 * parts) { room in
            guard let quants = room.baseAddress else { return }
            let minimums = quants + blockSize
            (minimums + parts).withMemoryRebound(to: Int8.self, capacity: parts) { scales in
                unpackParts(block, scales, minimums)
                unpack(block, into: quants)
                for part in 0..<parts {
                    let (s, m) = (scale * Float(scales[part]), minimum * Float(minimums[part]))
                    for index in part * partSize..<(part + 1) * partSize {
                        values[index] = s * Float(number(quants[index])) - m
                    }
                }
            }
        }
    }

    static func unpack(_ count: Int, _ blocks: UnsafeRawPointer, into room: UnpackedBlocks.Room) {
        guard let quants = room.quants.baseAddress, let partScales = room.partScales.baseAddress,
            let partMinimums = room.partMinimums.baseAddress
        else { return }
        let parts = blockSize / partSize
        for index in 0..<count {
            let block = blocks + index * byteCount
            (room.scales[index], room.minimums[index]) = parameters(block)
            unpackParts(block, partScales + index * parts, partMinimums + index * parts)
            unpack(block, into: quants + index * blockSize)
        }
    }
}

/// Blocks of quants taken apart, for packing them anew.
package struct UnpackedBlocks: Sendable {
    /// One for each value, unsigned.
    package private(set) var quants: [UInt8]
    /// One for each block.
    package private(set) var scales: [Float]
    /// Likewise; what is added to a block of 32 with a single scale, and taken off a part.
    package private(set) var minimums: [Float]
    /// One for each part of 16 or 32; none in types whose blocks have a single scale.
    package private(set) var partScales: [Int8]
    /// Likewise.
    package private(set) var partMinimums: [UInt8]

    struct Room {
        var quants: UnsafeMutableBufferPointer<UInt8>
        var scales: UnsafeMutableBufferPointer<Float>
        var minimums: UnsafeMutableBufferPointer<Float>
        var partScales: UnsafeMutableBufferPointer<Int8>
        var partMinimums: UnsafeMutableBufferPointer<UInt8>
    }

    /// Room for `count` values of a type, in whole blocks.
    package init(_ type: TensorType, count: Int) {
        let blocks = count / type.blockSize
        let parts = type.partedFormat.map { count / $0.partSize } ?? 0
        quants = [UInt8](repeating: 0, count: count)
        scales = [Float](repeating: 0, count: blocks)
        minimums = scales
        partScales = [Int8](repeating: 0, count: parts)
        partMinimums = [UInt8](repeating: 0, count: parts)
    }

    mutating func withRoom(_ body: (Room) -> Void) {
        quants.withUnsafeMutableBufferPointer { quants in
            scales.withUnsafeMutableBufferPointer { scales in
                minimums.withUnsafeMutableBufferPointer { minimums in
                    partScales.withUnsafeMutableBufferPointer { partScales in
                        partMinimums.withUnsafeMutableBufferPointer { partMinimums in
                            body(
                                Room(
                                    quants: quants, scales: scales, minimums: minimums, partScales: partScales,
                                    partMinimums: partMinimums))
                        }
                    }
                }
            }
        }
    }
}
