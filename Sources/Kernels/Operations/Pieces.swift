package import Compute
import Quantities

/// Where a piece of a batch belongs: neighbouring rows of one sequence; as kernels read it.
package struct PiecePlace: Sendable, Hashable, BitwiseCopyable {
    package let firstRow: UInt32
    package let rows: UInt32
    /// Where its sequence's pages begin in the block tables, those of its state first.
    package let table: UInt32
    /// Of its first row. At 0 a state begins with zeros, whatever its pages hold.
    package let position: UInt32

    package init(rows: Range<Int>, table: Int, position: Int) {
        firstRow = UInt32(rows.lowerBound)
        self.rows = UInt32(rows.count)
        self.table = UInt32(table)
        self.position = UInt32(position)
    }
}

/// The buffers that say where each piece of a batch belongs, and the pool that has its state.
package struct PieceBuffers: Sendable {
    /// `[pieces]` of `PiecePlace`
    package var pieces: any Buffer
    /// Pages: page `i` of a piece's state at `table + i`.
    package var tables: any Buffer
    /// `[pages][pageBytes]`
    package var pool: any Buffer
    package var pageBytes: Int

    package init(pieces: any Buffer, tables: any Buffer, pool: any Buffer, pageBytes: Int) {
        precondition(pageBytes % 16 == 0, "pages of \(pageBytes) bytes")
        self.pieces = pieces
        self.tables = tables
        self.pool = pool
        self.pageBytes = pageBytes
    }
}

/// Some columns of rows that stand in a wider buffer: `[rows][stride]` floats, from column `offset` on.
package struct RowColumns: Sendable {
    package var buffer: any Buffer
    package var stride: Int
    package var offset: Int

    /// - Parameters:
    ///   - stride: as `offset` a multiple of 4.
    package init(buffer: any Buffer, stride: Int, offset: Int = 0) {
        precondition(stride % 4 == 0 && offset % 4 == 0, "rows of \(stride) floats, from \(offset) on")
        self.buffer = buffer
        self.stride = stride
        self.offset = offset
    }
}

extension Parameters {
    /// Where columns stand, in quads.
    mutating func append(_ columns: RowColumns) {
        append(columns.stride / 4)
        append(columns.offset / 4)
    }

    /// Where a layer's part of a state stands: its first page, the rows of a page, and the page's quads.
    mutating func append(_ state: StateRows, firstPage: Int, pageBytes: Int) {
        append(firstPage)
        append(state.rowsPerPage(pageBytes))
        append(pageBytes / 16)
    }
}
