/// How a weight matrix stands in memory for `matmul`: panels of `width` columns, so that neighbouring lanes read
/// neighbouring words.
public struct PanelLayout: Sendable, Hashable {
    /// Columns of a panel: 128 bytes of one row of `k`, a cache line or two of every device.
    public let width: Int

    public init(vectorWidth: Int) { width = vectorWidth < 16 ? 32 : vectorWidth }

    /// `columns` rounded up to whole panels.
    public func padded(_ columns: Int) -> Int { (columns + width - 1) / width * width }
}
