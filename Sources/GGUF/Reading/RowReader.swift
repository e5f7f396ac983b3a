/// Reads the rows of a tensor one after the other, a megabyte of the file at a time.
package final class RowReader {
    private let tensor: GGUFTensor
    /// Rows as they stand in the file.
    private let bytes: UnsafeMutableRawBufferPointer
    private var rows = 0..<0

    /// Enough that a call of the system is nothing beside what is done with the rows, and little beside a model.
    private static let byteCount = 1 << 20

    package init(_ tensor: GGUFTensor) {
        self.tensor = tensor
        let size = tensor.layout.rowByteCount
        bytes = .allocate(byteCount: min(tensor.byteCount, max(1, Self.byteCount / size) * size), alignment: 64)
    }

    deinit { bytes.deallocate() }

    /// Lends the bytes of a row that the tensor has; the pointer must not outlive `body`.
    /// - Throws: `GGUFError` with code `changed` if the file was cut.
    package func withRow(_ row: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(GGUFError) {
        let size = tensor.layout.rowByteCount
        if !rows.contains(row) {
            let count = min(bytes.count / size, tensor.layout.rowCount - row)
            rows = 0..<0
            try tensor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(count * size)]), at: row * size)
            rows = row..<row + count
        }
        let start = (row - rows.lowerBound) * size
        body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + size]))
    }
}
