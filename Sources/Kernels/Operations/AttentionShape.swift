public import Compute

/// The sizes that a model's attention layers share, and how its keys and values stand in pages.
public struct AttentionShape: Sendable, Hashable {
    /// What keys and values are stored as; the values of the kernels' option KV.
    public enum KVFormat: String, Sendable, Hashable, CaseIterable {
        case f32 = "F32"
        case f16 = "F16"
        /// Blocks of 32 bytes with a scale, as `rope_store.kernel` says.
        case q8 = "Q8"

        /// The bytes that a token's key and value take in a page.
        public func bytesPerToken(headSize: Int) -> Int {
            switch self {
            case .f32: 2 * headSize * 4
            case .f16: 2 * headSize * 2
            case .q8: 2 * headSize + 16
            }
        }
    }

    public var heads: Int
    public var kvHeads: Int
    /// 32, 64, 80 or 128.
    public var headSize: Int
    /// Leading elements of a head that are rotated.
    public var rotated: Int
    public var layers: Int
    public var kv: KVFormat
    public var pageTokens: Int
    public var pageBytes: Int

    public init(
        heads: Int, kvHeads: Int, headSize: Int, rotated: Int, layers: Int, kv: KVFormat, pageTokens: Int,
        pageBytes: Int
    ) {
        self.heads = heads
        self.kvHeads = kvHeads
        self.headSize = headSize
        self.rotated = rotated
        self.layers = layers
        self.kv = kv
        self.pageTokens = pageTokens
        self.pageBytes = pageBytes
    }

    /// Floats in a row of queries, keys and values.
    public var rowWidth: Int { (heads + 2 * kvHeads) * headSize }
}

/// The buffers that say where each row of a batch belongs.
public struct RowBuffers: Sendable {
    /// `[rows]`
    public var positions: any Buffer
    /// Pages: that of (block, layer, KV head) of a row at `starts[row] + (block * layers + layer) * kvHeads + head`.
    public var tables: any Buffer
    /// `[rows]`
    public var starts: any Buffer

    public init(positions: any Buffer, tables: any Buffer, starts: any Buffer) {
        self.positions = positions
        self.tables = tables
        self.starts = starts
    }
}
