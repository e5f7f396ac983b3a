package import Compute
package import Quantities

/// The sizes that a model's attention layers share, and how its keys and values stand in pages.
package struct AttentionShape: Sendable, Hashable {
    package var heads: Int
    package var kvHeads: Int
    /// Leading elements of a head that are rotated.
    package var rotated: Int
    package var layers: Int
    /// Heads of 32, 64, 80 or 128.
    package var page: PageLayout

    package init(heads: Int, kvHeads: Int, rotated: Int, layers: Int, page: PageLayout) {
        self.heads = heads
        self.kvHeads = kvHeads
        self.rotated = rotated
        self.layers = layers
        self.page = page
    }

    package var headSize: Int { page.headSize }

    /// Floats in a row of queries, keys and values.
    package var rowWidth: Int { (heads + 2 * kvHeads) * headSize }
}

extension KVType {
    /// The value of the kernels' option KV.
    package var option: String {
        switch self {
        case .f32: "F32"
        case .f16: "F16"
        case .q8_0: "Q8"
        }
    }
}

/// The buffers that say where each row of a batch belongs.
package struct RowBuffers: Sendable {
    /// `[rows]`
    package var positions: any Buffer
    /// Pages: that of (block, layer, KV head) of a row at `starts[row] + (block * layers + layer) * kvHeads + head`.
    package var tables: any Buffer
    /// `[rows]`
    package var starts: any Buffer

    package init(positions: any Buffer, tables: any Buffer, starts: any Buffer) {
        self.positions = positions
        self.tables = tables
        self.starts = starts
    }
}
