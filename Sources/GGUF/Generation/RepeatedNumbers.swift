import Quantities

/// Random numbers, encoded once, of which the rows of any matrix with rows of one length are pieces.
struct RepeatedNumbers {
    private let blocks: [UInt8]
    private let blockByteCount: Int
    private let rowByteCount: Int

    /// Chosen: encoded within a second, and with blocks of 256 there are still 4096 different rows.
    private static let spread = 1 << 20
    /// Bytes that are written at once. Chosen: large beside a call, small beside memory.
    private static let piece = 8 << 20

    init(rowLength: Int, _ type: TensorType, _ random: inout SplitMix64) {
        let width = TinyLlama.width(ofRows: rowLength)
        let values = (0..<Self.spread + rowLength).map { _ in random.signedUnit() * width }
        blockByteCount = type.blockByteCount
        rowByteCount = rowLength / type.blockSize * type.blockByteCount
        var blocks = [UInt8](repeating: 0, count: values.count / type.blockSize * type.blockByteCount)
        values.withUnsafeBufferPointer { values in
            blocks.withUnsafeMutableBytes { type.quantize(values, into: $0) }
        }
        self.blocks = blocks
    }

    /// Writes a matrix, each of its rows from a place of its own.
    ///
    /// - Throws: as `GGUFWriter.write`.
    func write(
        _ tensor: TensorLayout, to writer: inout GGUFWriter, _ random: inout SplitMix64
    ) throws(GGUFError) {
        let places = (blocks.count - rowByteCount) / blockByteCount
        let rowsAtOnce = max(1, Self.piece / rowByteCount)
        for first in stride(from: 0, to: tensor.rowCount, by: rowsAtOnce) {
            var rows: [UInt8] = []
            rows.reserveCapacity(rowsAtOnce * rowByteCount)
            for _ in first..<min(tensor.rowCount, first + rowsAtOnce) {
                let start = random.integer(in: 0...places) * blockByteCount
                rows += blocks[start..<start + rowByteCount]
            }
            try writer.write(rows.span.bytes)
        }
    }
}
