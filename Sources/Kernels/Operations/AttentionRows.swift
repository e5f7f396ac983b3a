package import Compute

/// Which tokens of its sequence a row attends to: always neighbouring ones, with its own among them. Windows and chunks
/// are of one token at least.
package enum AttentionMask: Sendable, Hashable {
    /// Those up to its own.
    case causal
    /// The last `window` of these.
    case sliding(window: Int)
    /// Those of its own chunk, up to its own.
    case chunked(length: Int)
    /// All: of encoders.
    case whole
    /// Those at most half a window away: of encoders.
    case symmetric(window: Int)

    /// The tokens that the row at `position` attends to.
    /// - Parameter length: tokens of the sequence that are in the pool, or come there with the row's batch. Causal
    ///   masks do not ask for it.
    package func tokens(at position: Int, of length: Int) -> Range<Int> {
        switch self {
        case .causal: 0..<position + 1
        case .sliding(let window): max(0, position + 1 - window)..<position + 1
        case .chunked(let chunk): position / chunk * chunk..<position + 1
        case .whole: 0..<length
        case .symmetric(let window): max(0, position - window / 2)..<min(length, position + window / 2 + 1)
        }
    }

    /// The most tokens that a row attends to in a sequence of `length`.
    package func most(of length: Int) -> Int {
        switch self {
        case .causal, .whole: length
        case .sliding(let window), .chunked(let window): min(length, window)
        case .symmetric(let window): min(length, window / 2 * 2 + 1)
        }
    }
}

/// Where a row of a batch belongs, and what it attends to; as kernels read it.
package struct RowPlace: Sendable, Hashable, BitwiseCopyable {
    package let position: UInt32
    /// Where its sequence's pages begin in the block tables.
    package let table: UInt32
    package let firstToken: UInt32
    /// The token behind the last one that it attends to.
    package let endToken: UInt32

    /// - Parameter tokens: those that the row attends to, at least its own.
    package init(position: Int, table: Int, tokens: Range<Int>) {
        precondition(tokens.contains(position), "a row attends to its own token")
        self.position = UInt32(position)
        self.table = UInt32(table)
        firstToken = UInt32(tokens.lowerBound)
        endToken = UInt32(tokens.upperBound)
    }
}

/// The buffers that say where each row of a batch belongs.
package struct RowBuffers: Sendable {
    /// `[rows]` of `RowPlace`
    package var rows: any Buffer
    /// The mask that `rows` were made with.
    package var mask: AttentionMask
    /// Pages: that of (block, layer, KV head) of a row at `table + (block * layers + layer) * kvHeads + head`.
    package var tables: any Buffer

    package init(rows: any Buffer, mask: AttentionMask, tables: any Buffer) {
        self.rows = rows
        self.mask = mask
        self.tables = tables
    }
}
