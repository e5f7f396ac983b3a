import Quantities

/// Writes model files with random weights: the same tensors and seed give the same bytes on every machine.
package struct RandomTensors: Hashable, Sendable {
    package var seed: UInt64 = 1
    /// Whether the rows of all matrices are pieces of a million numbers, so that a model of billions is written as fast
    /// as a disk takes it.
    package var repeatsNumbers = false

    package init(seed: UInt64 = 1, repeatsNumbers: Bool = false) {
        (self.seed, self.repeatsNumbers) = (seed, repeatsNumbers)
    }

    /// Numbers of a tensor: about `center`, at most `width` away from it.
    package struct Spread: Sendable {
        package var center: Float
        package var width: Float

        package init(center: Float, width: Float) { (self.center, self.width) = (center, width) }

        /// Uniform weights of variance 1 / fan-in, so that a layer's output is about as large as its input; norms near
        /// 1.
        package init(_ tensor: TensorLayout) {
            let isNorm = tensor.shape.count == 1
            self.init(
                center: isNorm ? 1 : 0, width: isNorm ? 0.1 : RepeatedNumbers.width(ofRows: tensor.rowLength))
        }
    }

    /// Writes the file.
    ///
    /// - Throws: `GGUFError` as `GGUFWriter` does.
    /// - Complexity: O(weights), one matrix in memory.
    package func write(
        _ tensors: [TensorLayout], _ metadata: GGUFMetadata, to path: String,
        spread: (TensorLayout) -> Spread = { Spread($0) }
    ) throws(GGUFError) {
        var writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
        var repeated: [RepeatedNumbers.Rows: RepeatedNumbers] = [:]
        for (index, tensor) in tensors.enumerated() {
            // A generator for each tensor: matrices of one seed do not depend on those before them.
            var random = SplitMix64(seed: seed &* 0x2545_f491_4f6c_dd1d &+ UInt64(index))
            if repeatsNumbers, tensor.shape.count > 1 {
                let rows = RepeatedNumbers.Rows(length: tensor.rowLength, type: tensor.type)
                let numbers = repeated[rows] ?? RepeatedNumbers(rows, &random)
                repeated[rows] = numbers
                try numbers.write(tensor, to: &writer, &random)
                continue
            }
            let spread = spread(tensor)
            let values = (0..<tensor.rowLength * tensor.rowCount).map { _ in
                spread.center + random.signedUnit() * spread.width
            }
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            values.withUnsafeBufferPointer { values in
                bytes.withUnsafeMutableBytes { tensor.type.quantize(values, into: $0) }
            }
            try writer.write(bytes.span.bytes)
        }
        try writer.finish()
    }
}

/// Random numbers, encoded once, of which the rows of any matrix with rows of one length are pieces.
private struct RepeatedNumbers {
    /// What matrices have in common whose rows are pieces of the same numbers.
    struct Rows: Hashable {
        var length: Int
        var type: TensorType
    }

    private let blocks: [UInt8]
    private let blockByteCount: Int
    private let rowByteCount: Int

    /// Chosen: encoded within a second, and with blocks of 256 there are still 4096 different rows.
    private static let spread = 1 << 20
    /// Bytes that are written at once. Chosen: large beside a call, small beside memory.
    private static let piece = 8 << 20

    init(_ rows: Rows, _ random: inout SplitMix64) {
        let (rowLength, type) = (rows.length, rows.type), width = Self.width(ofRows: rowLength)
        let values = (0..<Self.spread + rowLength).map { _ in random.signedUnit() * width }
        blockByteCount = type.blockByteCount
        rowByteCount = rowLength / type.blockSize * type.blockByteCount
        var blocks = [UInt8](repeating: 0, count: values.count / type.blockSize * type.blockByteCount)
        values.withUnsafeBufferPointer { values in
            blocks.withUnsafeMutableBytes { type.quantize(values, into: $0) }
        }
        self.blocks = blocks
    }

    /// The greatest weight of a matrix.
    static func width(ofRows length: Int) -> Float { (3 / Float(length)).squareRoot() }

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
