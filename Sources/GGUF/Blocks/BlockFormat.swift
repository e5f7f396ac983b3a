/// How the blocks of one tensor type give values.
protocol BlockFormat {
    /// Values in a block.
    static var blockSize: Int { get }
    /// Bytes of a block.
    static var byteCount: Int { get }

    /// Writes the `blockSize` values of the block at `block`, which may be unaligned.
    static func decode(_ block: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>)

    // A requirement, and not only an extension, so that each format has a loop of its own with its block inlined.

    /// Decodes blocks that lie side by side.
    static func decode(_ count: Int, _ blocks: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>)
}

extension BlockFormat {
    static func decode(_ count: Int, _ blocks: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>) {
        for index in 0..<count { decode(blocks + index * byteCount, into: values + index * blockSize) }
    }
}

/// The codec of a tensor type that files can be written in.
protocol EncodableFormat: BlockFormat {
    /// Writes the block that holds `blockSize` values.
    static func encode(_ values: UnsafePointer<Float>, into block: UnsafeMutableRawPointer)

    /// Encodes blocks to lie side by side.
    static func encode(_ count: Int, _ values: UnsafePointer<Float>, into blocks: UnsafeMutableRawPointer)
}

extension EncodableFormat {
    static func encode(_ count: Int, _ values: UnsafePointer<Float>, into blocks: UnsafeMutableRawPointer) {
        for index in 0..<count { encode(values + index * blockSize, into: blocks + index * byteCount) }
    }
}
