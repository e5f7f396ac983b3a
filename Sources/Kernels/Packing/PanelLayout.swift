/// How a weight matrix stands in memory for `matmul`: panels of `width` columns, so that neighbouring lanes read
/// neighbouring words.
package struct PanelLayout: Sendable, Hashable {
    /// Columns of a panel: 128 bytes of one row of `k`, a cache line or two of every device.
    package let width: Int

    package init(vectorWidth: Int) { width = vectorWidth < 16 ? 32 : vectorWidth }

    /// `columns` rounded up to whole panels.
    package func padded(_ columns: Int) -> Int { (columns + width - 1) / width * width }
}
