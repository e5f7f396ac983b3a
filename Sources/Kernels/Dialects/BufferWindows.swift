/// The windows that a buffer beyond a device's binding limit is cut into.
struct BufferWindows {
    /// The words of a kernel that `window` ties to one window: `LOAD(x, i)` becomes `LOAD_x_0(i)`.
    static let words = ["LOAD", "LOAD_SPAN"]

    let count: Int
    /// Element `i` is in window `i >> shift`.
    let shift: Int

    /// The place of element `index` inside its window.
    func place(of index: String) -> String { "(\(index)) & \((1 << shift) - 1)u" }
}
