/// The codec of one tensor type: blocks of bytes to values and back.
protocol BlockFormat {
    /// Values in a block.
    static var blockSize: Int { get }
    /// Bytes of a block.
    static var byteCount: Int { get }

    /// Writes the `blockSize` values of the block at `block`, which may be unaligned.
    static func decode(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>)

    /// Writes the block that holds `blockSize` values.
    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer)

    // Requirements, and not only extensions, so that each format has a loop of its own with its block inlined.

    /// Decodes blocks that lie side by side.
    static func decode(_ count: Int, _ blocks: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>)

    /// Encodes blocks to lie side by side.
    static func encode(_ count: Int, _ values: UnsafePointer<Float>, into blocks: UnsafeMutableRawPointer)
}

extension BlockFormat {
    static func decode(_ count: Int, _ blocks: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
        for index in 0..<count { decode(blocks + index * byteCount, into: values + index * blockSize) }
    }

    static func encode(_ count: Int, _ values: UnsafePointer<Float>, into blocks: UnsafeMutableRawPointer) {
        for index in 0..<count { encode(values + index * blockSize, into: blocks + index * byteCount) }
    }
}
