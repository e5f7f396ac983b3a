/// What a template may use up; a template beyond a limit fails with `JinjaError.Kind.limit`.
package struct Limits: Sendable, Hashable {
    /// Evaluated nodes, and what costs as much: items visited, each 256 bytes of text copied or compared, each 8
    /// bytes of text looked at scalar by scalar. None takes longer than a microsecond, so that the default keeps within
    /// a second.
    package var steps: Int
    /// How deep expressions, blocks, calls and values may nest. The default keeps within 512 KiB of stack in a release
    /// build, and within 2 MiB in a debug build.
    package var depth: Int
    /// Bytes of the source, of the output, and of each text that is made on the way. The default is twice what a
    /// request may bring.
    package var bytes: Int
    /// Items of each list that is made. Chosen: far more than a chat has messages.
    package var items: Int

    package init(steps: Int = 1_000_000, depth: Int = 100, bytes: Int = 4 << 20, items: Int = 100_000) {
        self.steps = steps
        self.depth = depth
        self.bytes = bytes
        self.items = items
    }

    package static let `default` = Limits()
}
