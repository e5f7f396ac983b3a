import Kernels

/// Sequences whose keys and values stand in pages of a pool, in an order of chance.
struct PagedSequences {
    /// A row of a batch.
    struct Row {
        var sequence: Int
        var position: Int
    }

    enum Side: Int { case key, value }

    let shape: AttentionShape
    /// The layer whose pages are used; those of the others must not be touched.
    let layer: Int
    /// Tokens of each sequence.
    let lengths: [Int]
    /// Pages by block, layer and KV head, sequence after sequence.
    let tables: [Int]
    /// Where each sequence's pages begin in `tables`.
    let starts: [Int]
    /// Pages of the pool: some belong to nobody.
    let pageCount: Int

    init(_ shape: AttentionShape, layer: Int, lengths: [Int], numbers: inout Numbers) {
        self.shape = shape
        self.layer = layer
        self.lengths = lengths
        let entries = lengths.map { length in
            (length + shape.pageTokens - 1) / shape.pageTokens * shape.layers * shape.kvHeads
        }
        let used = entries.reduce(0, +)
        starts = entries.indices.map { entries[..<$0].reduce(0, +) }
        pageCount = used + 3
        tables = Array(numbers.shuffled(Array(0..<pageCount)).prefix(used))
    }

    var poolWordCount: Int { pageCount * shape.pageBytes / 4 }

    /// The last `tail` positions of every sequence, in an order of chance.
    func rows(tail: Int, numbers: inout Numbers) -> [Row] {
        let rows = lengths.enumerated().flatMap { sequence, length in
            (max(0, length - tail)..<length).map { Row(sequence: sequence, position: $0) }
        }
        return numbers.shuffled(rows)
    }

    /// Where one number stands in the pool: pages of `[2][headSize / C][pageTokens]` times 16 bytes, as
    /// `rope_store.kernel` says.
    func place(
        _ side: Side, _ element: Int, of row: Row, kvHead: Int
    ) -> (word: Int, part: ExpectedResult.Part) {
        let block = row.position / shape.pageTokens
        let page = tables[starts[row.sequence] + (block * shape.layers + layer) * shape.kvHeads + kvHead]
        let chunkSize = shape.kv == .f32 ? 4 : 8
        let chunk = side.rawValue * shape.headSize / chunkSize + element / chunkSize
        let quad = page * shape.pageBytes / 16 + chunk * shape.pageTokens + row.position % shape.pageTokens
        let part: ExpectedResult.Part =
            shape.kv == .f32 ? .float : element % chunkSize < 4 ? .lowHalf : .highHalf
        return (4 * quad + element % 4, part)
    }
}
