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

    /// Where one number stands in the pool: pages of `[2][headSize / C][pageTokens]` times 16 bytes, with scales behind
    /// them in Q8, as `rope_store.kernel` says.
    func place(
        _ side: Side, _ element: Int, of row: Row, kvHead: Int
    ) -> (word: Int, part: ExpectedResult.Part) {
        let chunkSize =
            switch shape.kv {
            case .f32: 4
            case .f16: 8
            case .q8: 16
            }
        let chunk = side.rawValue * shape.headSize / chunkSize + element / chunkSize
        let part: ExpectedResult.Part =
            switch shape.kv {
            case .f32: .float
            case .f16: element % 8 < 4 ? .lowHalf : .highHalf
            case .q8:
                .byte(
                    element % 16 / 4, scale: scales(of: row, kvHead: kvHead).lowerBound + element / 32,
                    isHigh: side == .value)
            }
        return (word(ofChunk: chunk, row, kvHead) + element % 4, part)
    }

    /// The words that hold the scales of a token's blocks in Q8, and those that are left over.
    func scales(of row: Row, kvHead: Int) -> Range<Int> {
        let start = word(ofChunk: shape.headSize / 8, row, kvHead)
        return start..<start + 4
    }

    private func word(ofChunk chunk: Int, _ row: Row, _ kvHead: Int) -> Int {
        let block = row.position / shape.pageTokens
        let page = tables[starts[row.sequence] + (block * shape.layers + layer) * shape.kvHeads + kvHead]
        return page * shape.pageBytes / 4 + 4 * (chunk * shape.pageTokens + row.position % shape.pageTokens)
    }
}
