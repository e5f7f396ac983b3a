/// A part of a sequence's state: rows of floats in pages, none of which crosses the end of its page.
///
/// ```swift
/// let matrices = StateRows(rows: heads * keySize, rowLength: valueSize)
/// matrices.pages(PageLayout.defaultPageBytes)   // what one layer takes of `KVShape.statePages`
/// ```
package struct StateRows: Hashable, Sendable {
    package let rows: Int
    /// Floats of a row, which must fit a page.
    package let rowLength: Int

    package init(rows: Int, rowLength: Int) {
        precondition(rows >= 0 && rowLength > 0, "\(rows) rows of \(rowLength)")
        self.rows = rows
        self.rowLength = rowLength
    }

    package func rowsPerPage(_ pageBytes: Int) -> Int {
        let fitting = pageBytes / (rowLength * MemoryLayout<Float>.stride)
        precondition(fitting > 0, "a row of \(rowLength) floats does not fit a page of \(pageBytes) bytes")
        return fitting
    }

    package func pages(_ pageBytes: Int) -> Int {
        let fitting = rowsPerPage(pageBytes)
        return (rows + fitting - 1) / fitting
    }
}
