import Compute
import Kernels
import Quantities

/// Pieces of a batch, each of a sequence of its own whose state stands in pages of a pool, in an order of chance. All
/// else in the pool is no number, and so is the state of a piece that begins at 0. Between pieces is a row of nobody,
/// and some stand before the first.
struct PieceBatch {
    struct Piece: Sendable, Hashable, CustomStringConvertible {
        var rows: Int
        /// Of its first row.
        var position: Int

        init(_ rows: Int, at position: Int = 0) {
            self.rows = rows
            self.position = position
        }

        var description: String { "\(rows)@\(position)" }
    }

    /// As many rows before the first piece as a kernel may look back that forgets where its piece begins.
    static let lead = 8

    let pieces: [Piece]
    private let state: StateRows
    private let pageBytes: Int
    /// Pages of a sequence before those of the state.
    let firstPage = 2
    /// The row of the batch that each piece begins with.
    let firstRows: [Int]
    /// All rows of the batch.
    let rowCount: Int
    private let tables: [Int]
    private let starts: [Int]
    /// What each piece finds: `[rows of its state][rowLength]`, zeros at position 0.
    private(set) var before: [[[Float]]] = []
    private var words: [UInt32]

    init(_ pieces: [Piece], _ state: StateRows, rowsPerPage: Int, numbers: inout Numbers) {
        self.pieces = pieces
        self.state = state
        // Behind the rows something is left that is nobody's, where it is too little for one more.
        pageBytes = 4 * rowsPerPage * state.rowLength + (state.rowLength > 4 ? 16 : 0)
        firstRows = pieces.indices.map { index in pieces[..<index].reduce(Self.lead + index) { $0 + $1.rows } }
        rowCount = pieces.reduce(Self.lead + pieces.count) { $0 + $1.rows }
        let entries = firstPage + state.pages(pageBytes) + 1
        starts = pieces.indices.map { 3 + $0 * entries }
        tables = numbers.shuffled(Array(0..<3 + pieces.count * entries))
        words = [UInt32](repeating: TestBuffer.guardWord, count: tables.count * pageBytes / 4)
        for (index, piece) in pieces.enumerated() {
            let values = (0..<state.rows).map { _ in
                piece.position == 0
                    ? [Float](repeating: 0, count: state.rowLength) : numbers.floats(state.rowLength)
            }
            before.append(values)
            guard piece.position > 0 else { continue }
            for (row, values) in values.enumerated() {
                for (element, value) in values.enumerated() {
                    words[word(of: index, row: row, element)] = value.bitPattern
                }
            }
        }
    }

    /// Where a number of a piece's state stands in the pool.
    func word(of piece: Int, row: Int, _ element: Int) -> Int {
        let rowsPerPage = state.rowsPerPage(pageBytes)
        let page = tables[starts[piece] + firstPage + row / rowsPerPage]
        return page * pageBytes / 4 + row % rowsPerPage * state.rowLength + element
    }

    /// What the pool should hold then.
    /// - Parameter states: of each piece `[rows][rowLength]`
    func expected(_ states: [[[Estimate]]]) -> [ExpectedResult] {
        states.enumerated().flatMap { piece, rows in
            rows.enumerated().flatMap { row, values in
                values.enumerated().map { ExpectedResult(word: word(of: piece, row: row, $0), estimate: $1) }
            }
        }
    }

    func upload(
        to device: any Device
    ) throws(ComputeError) -> (inputs: [TestBuffer], pool: TestBuffer, buffers: PieceBuffers) {
        let places = pieces.indices.flatMap { index in
            [firstRows[index], pieces[index].rows, starts[index], pieces[index].position]
        }
        let inputs = [
            try TestBuffer("pieces", indices: places, on: device),
            try TestBuffer("tables", indices: tables, on: device),
        ]
        let pool = try TestBuffer("pool", words, on: device)
        return (
            inputs, pool,
            PieceBuffers(
                pieces: inputs[0].buffer, tables: inputs[1].buffer, pool: pool.buffer, pageBytes: pageBytes)
        )
    }
}

extension PieceBatch.Piece {
    /// One row of each of many sequences.
    static func decode(_ count: Int) -> [PieceBatch.Piece] { (0..<count).map { .init(1, at: 7 * $0) } }

    static func random(_ numbers: inout Numbers) -> [PieceBatch.Piece] {
        (0..<1 + numbers.below(4)).map { _ in .init(1 + numbers.below(12), at: 3 * numbers.below(3)) }
    }
}

extension [PieceBatch.Piece] {
    /// Fewer pieces, and shorter ones.
    var smaller: [[PieceBatch.Piece]] {
        (count > 1 ? [Array(prefix(count / 2)), Array(suffix(count - count / 2))] : [])
            + indices.flatMap { index in
                self[index].rows.smaller(downTo: 1).map { rows in
                    var copy = self
                    copy[index].rows = rows
                    return copy
                }
            }
    }
}

/// Columns that a kernel reads, in rows of which all else is no number, as are the rows of nobody.
struct PieceColumns {
    let input: TestBuffer
    private let stride: Int

    /// - Parameter values: of each piece `[rows][width]`
    init(_ label: String, _ values: [[[Float]]], width: Int, on device: any Device) throws(ComputeError) {
        let stride = (width + 3) / 4 * 4 + 8
        self.stride = stride
        let nobody = [UInt32](repeating: TestBuffer.guardWord, count: stride)
        var words: [UInt32] = []
        for _ in 0..<PieceBatch.lead { words += nobody }
        for rows in values {
            for row in rows {
                words += nobody[..<4]
                words += row.map(\.bitPattern)
                words += nobody[(4 + width)...]
            }
            words += nobody
        }
        input = try TestBuffer(label, words, guardWords: 1024 + 3 * stride, on: device)
    }

    /// The columns from one of those on.
    func columns(from column: Int = 0) -> RowColumns {
        RowColumns(buffer: input.buffer, stride: stride, offset: 4 + column)
    }
}

/// Columns that a kernel writes.
struct PieceResults {
    let output: Trial.Output
    let columns: RowColumns

    /// - Parameter expected: of each piece `[rows][width]`
    init(_ expected: [[[Estimate]]], width: Int, _ batch: PieceBatch, on device: any Device) throws(ComputeError) {
        let stride = width + 8
        let guards = [UInt32](repeating: TestBuffer.guardWord, count: batch.rowCount * stride)
        let buffer = try TestBuffer("y", guards, guardWords: 1024 + 3 * stride, on: device)
        let results = zip(batch.firstRows, expected).flatMap { first, rows in
            rows.enumerated().flatMap { row, values in
                values.enumerated().map { ExpectedResult(word: (first + row) * stride + 4 + $0, estimate: $1) }
            }
        }
        output = Trial.Output(buffer: buffer, expected: results)
        columns = RowColumns(buffer: buffer.buffer, stride: stride, offset: 4)
    }
}
