import Files

/// A tensor of an open model file. Its bytes stay in the file until they are read; the file stays open as long as the
/// tensor lives.
package struct GGUFTensor: Sendable {
    package let layout: TensorLayout
    /// Where the bytes begin, from the start of the file.
    let offset: Int
    /// `nil` of a tensor that is still to be written: it has no bytes to read.
    let file: OpenFile?

    init(layout: TensorLayout, offset: Int, file: OpenFile) {
        (self.layout, self.offset, self.file) = (layout, offset, file)
    }

    /// A tensor that a file is to have.
    package init(toWrite layout: TensorLayout) { (self.layout, offset, file) = (layout, 0, nil) }

    package var name: String { layout.name }
    /// Lengths of the dimensions; `shape[0]` is the length of a row, whose values lie side by side.
    package var shape: [Int] { layout.shape }
    package var type: TensorType { layout.type }
    package var byteCount: Int { layout.byteCount }

    /// Fills `bytes` with those of the tensor from `start` on, which the caller keeps within `byteCount`. Blocks.
    ///
    /// - Throws: `GGUFError` with code `changed` if the file was cut.
    package func read(into bytes: UnsafeMutableRawBufferPointer, at start: Int) throws(GGUFError) {
        precondition(start >= 0 && start + bytes.count <= byteCount, "read beyond the end of \(name)")
        guard let file else { preconditionFailure("\(name) is still to be written") }
        try GGUFError.wrap { () throws(FileFault) in try file.read(into: bytes, at: offset + start) }
    }

    /// Writes the values of `rows` (counted over all but the first dimension) to the beginning of `values`.
    ///
    /// - Throws: `GGUFError` with code `outOfRange` if the tensor lacks such rows or `values` has less than
    ///   `rows.count * shape[0]` places, `changed` if the file was cut.
    /// - Complexity: O(values), about a third of a nanosecond each.
    package func dequantize(
        rows: Range<Int>, into values: UnsafeMutableBufferPointer<Float>
    ) throws(GGUFError) {
        guard rows.lowerBound >= 0, rows.upperBound <= layout.rowCount else {
            throw error(.outOfRange, "rows \(rows) asked for, but there are \(layout.rowCount)")
        }
        guard rows.count * layout.rowLength <= values.count else {
            throw error(.outOfRange, "\(rows.count) rows of \(layout.rowLength) do not fit into \(values.count) values")
        }
        let size = layout.rowByteCount
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: rows.count * size, alignment: 64)
        defer { bytes.deallocate() }
        try read(into: bytes, at: rows.lowerBound * size)
        type.dequantize(UnsafeRawBufferPointer(bytes), into: values)
    }

    /// The values of `rows`.
    ///
    /// - Throws: as `dequantize(rows:into:)`.
    package func floats(rows: Range<Int>) throws(GGUFError) -> [Float] {
        guard rows.lowerBound >= 0, rows.upperBound <= layout.rowCount else {
            throw error(.outOfRange, "rows \(rows) asked for, but there are \(layout.rowCount)")
        }
        let count = rows.count * layout.rowLength
        return try [Float](unsafeUninitializedCapacity: count) { (buffer, initialized) throws(GGUFError) in
            try dequantize(rows: rows, into: buffer)
            initialized = count
        }
    }

    private func error(_ code: GGUFError.Code, _ detail: String) -> GGUFError {
        GGUFError(code, .tensor(name), detail, in: file?.path)
    }
}
