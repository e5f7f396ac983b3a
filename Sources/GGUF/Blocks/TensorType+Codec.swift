extension TensorType {
    /// Writes the values of whole blocks to the beginning of `values`, exactly as the reference does.
    ///
    /// - Precondition: `blocks` holds whole blocks, and `values` has room for theirs.
    /// - Complexity: O(values).
    package func dequantize(_ blocks: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>) {
        let count = blocks.count / blockByteCount
        precondition(blocks.count == count * blockByteCount, "\(blocks.count) bytes are not whole \(name) blocks")
        precondition(count * blockSize <= values.count, "no room for \(count) blocks in \(values.count) values")
        guard let source = blocks.baseAddress, let target = values.baseAddress else { return }
        format.decode(count, source, into: target)
    }

    /// Writes the blocks that hold `values` to the beginning of `blocks`.
    ///
    /// Every bit is that of the reference, the Python package `gguf`, with one exception: in blocks with a minimum that
    /// hold zeros of both signs and nothing less, the sign of the minimum is negative; the reference leaves it to the
    /// processor. Q4_K and Q6_K, which that package cannot write, are as close to the values as llama.cpp's.
    ///
    /// - Precondition: the type is one of `encodable`, `values` fills whole blocks, and `blocks` has room for them.
    /// - Complexity: O(values).
    package func quantize(_ values: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer) {
        let count = values.count / blockSize
        precondition(values.count == count * blockSize, "\(values.count) values are not whole \(name) blocks")
        precondition(count * blockByteCount <= blocks.count, "no room for \(count) blocks in \(blocks.count) bytes")
        guard let source = values.baseAddress, let target = blocks.baseAddress else { return }
        guard let encoder else { preconditionFailure("\(name) cannot be written") }
        encoder.encode(count, source, into: target)
    }

    /// Takes whole blocks of a quantised type apart, for packing them anew: `value = q * scale + minimum` in blocks
    /// with a single scale; else see `PartedFormat`.
    ///
    /// Quants are below 2 to the power of the type's bits. Scales are binary16 numbers or powers of two in the file;
    /// minimums are binary16 numbers too, or are the scale times -8, -16 or -128 in Q4_0, Q5_0 and Q8_0, and then the
    /// formula is exact in 32-bit arithmetic.
    ///
    /// - Precondition: the type is quantised, `blocks` holds whole blocks, and `target` was made for their values.
    /// - Complexity: O(values).
    package func unpack(_ blocks: UnsafeRawBufferPointer, into target: inout UnpackedBlocks) {
        let count = blocks.count / blockByteCount
        precondition(blocks.count == count * blockByteCount, "\(blocks.count) bytes are not whole \(name) blocks")
        precondition(
            count * blockSize == target.quants.count && count == target.scales.count, "no room for \(count) blocks")
        guard let source = blocks.baseAddress else { return }
        target.withRoom { room in
            if let format = quantizedFormat {
                guard let quants = room.quants.baseAddress, let scales = room.scales.baseAddress,
                    let minimums = room.minimums.baseAddress
                else { return }
                format.unpack(count, source, into: quants, scales, minimums)
            } else if let format = partedFormat {
                format.unpack(count, source, into: room)
            } else {
                preconditionFailure("\(name) has no blocks of quants")
            }
        }
    }
}
