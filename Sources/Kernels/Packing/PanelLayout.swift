/// How a weight matrix stands in memory for `matmul`: panels of `width` columns, so that neighbouring lanes read
/// neighbouring words.
package struct PanelLayout: Sendable, Hashable {
    /// Columns of a panel. For lanes, 128 bytes of one row of `k`: a cache line or two of every device. For CPUs, 64
    /// bytes: what a tile reads of each row, so that a core reads whole panels from end to end. Where a tile read half
    /// of each 128 bytes, and another core the other half, reading took three times as long.
    package let width: Int
    /// Columns after which two matrices take turns that are packed as one: with lanes a panel, on CPUs a vec, so that a
    /// tile's columns of both stand side by side.
    package let turn: Int

    package init(vectorWidth: Int) {
        width = vectorWidth == 4 ? 32 : 16
        turn = vectorWidth == 4 ? width : vectorWidth
    }

    /// `columns` rounded up to whole panels.
    package func padded(_ columns: Int) -> Int { (columns + width - 1) / width * width }

    /// Where a column of the `part`-th of `parts` matrices stands that take turns.
    package func place(of column: Int, part: Int = 0, of parts: Int = 1) -> (panel: Int, column: Int) {
        let place = (column / turn * parts + part) * turn + column % turn
        return (place / width, place % width)
    }
}
