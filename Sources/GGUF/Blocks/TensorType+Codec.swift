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
    /// processor.
    ///
    /// - Precondition: `values` fills whole blocks, and `blocks` has room for them.
    /// - Complexity: O(values).
    package func quantize(_ values: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer) {
        let count = values.count / blockSize
        precondition(values.count == count * blockSize, "\(values.count) values are not whole \(name) blocks")
        precondition(count * blockByteCount <= blocks.count, "no room for \(count) blocks in \(blocks.count) bytes")
        guard let source = values.baseAddress, let target = blocks.baseAddress else { return }
        format.encode(count, source, into: target)
    }

    /// Takes whole blocks of a quantised type apart, for packing them anew: `value = q * scale + minimum` for each.
    ///
    /// Quants are 0 to 15, 31 or 255. Scales are binary16 numbers in the file; minimums are too, or are the scale times
    /// -8, -16 or -128 in the symmetric types, and then the formula is exact in 32-bit arithmetic.
    ///
    /// - Parameters:
    ///   - quants: room for 32 a block.
    ///   - scales: room for one a block.
    ///   - minimums: room for one a block.
    /// - Precondition: the type is quantised, `blocks` holds whole blocks, and there is room for all results.
    /// - Complexity: O(values).
    package func unpack(
        _ blocks: UnsafeRawBufferPointer, quants: UnsafeMutableBufferPointer<UInt8>,
        scales: UnsafeMutableBufferPointer<Float>, minimums: UnsafeMutableBufferPointer<Float>
    ) {
        let count = blocks.count / blockByteCount
        precondition(blocks.count == count * blockByteCount, "\(blocks.count) bytes are not whole \(name) blocks")
        precondition(
            count * 32 <= quants.count && count <= scales.count && count <= minimums.count,
            "no room for \(count) blocks")
        guard let format = quantizedFormat else { preconditionFailure("\(name) has no blocks of quants") }
        guard let source = blocks.baseAddress, let quants = quants.baseAddress, let scales = scales.baseAddress,
            let minimums = minimums.baseAddress
        else { return }
        format.unpack(count, source, into: quants, scales, minimums)
    }
}
