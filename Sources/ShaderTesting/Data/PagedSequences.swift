import Kernels
import Quantities

/// Sequences whose keys and values stand in pages of a pool, in an order of chance.
struct PagedSequences {
    /// A row of a batch.
    struct Row {
        var sequence: Int
        var position: Int
    }

    enum Side: Int { case key, value }

    let shape: AttentionShape
    /// The layer whose pages are used, the second of two that are alike; those of the first must not be touched.
    let layer: LayerPlace
    /// Tokens of each sequence.
    let lengths: [Int]
    /// The first block of each sequence that is still there: those before it have been given back, and a page of nobody
    /// stands for theirs.
    let firstBlocks: [Int]
    /// Pages by block and layer, sequence after sequence.
    let tables: [Int]
    /// Where each sequence's pages begin in `tables`.
    let starts: [Int]
    /// Pages of the pool: some belong to nobody.
    let pageCount: Int

    /// - Parameter firstTokens: the first token of each sequence that is needed; by default all are.
    init(
        _ shape: AttentionShape, lengths: [Int], firstTokens: [Int]? = nil, numbers: inout Numbers
    ) {
        self.shape = shape
        layer = LayerPlace(page: shape.pagesPerBlock / 2, sink: shape.heads)
        self.lengths = lengths
        firstBlocks = lengths.indices.map { (firstTokens?[$0] ?? 0) / shape.page.tokensPerPage }
        let entries = lengths.map { length in
            (length + shape.page.tokensPerPage - 1) / shape.page.tokensPerPage * shape.pagesPerBlock
        }
        let used = entries.reduce(0, +)
        starts = entries.indices.map { entries[..<$0].reduce(0, +) }
        pageCount = used + 3
        let pages = numbers.shuffled(Array(0..<pageCount))
        tables = zip(entries, firstBlocks).flatMap { count, firstBlock in
            (0..<count).map { $0 / shape.pagesPerBlock < firstBlock }
        }.enumerated().map { $1 ? pages[used] : pages[$0] }
    }

    /// Pages that a block has in two layers.
    static func pagesPerBlock(kvHeads: Int, headsPerPage: Int) -> Int {
        2 * ((kvHeads + headsPerPage - 1) / headsPerPage)
    }

    var poolWordCount: Int { pageCount * shape.page.pageBytes / 4 }

    /// The last `tail` positions of every sequence, in an order of chance.
    func rows(tail: Int, numbers: inout Numbers) -> [Row] {
        let rows = lengths.enumerated().flatMap { sequence, length in
            (max(0, length - tail)..<length).map { Row(sequence: sequence, position: $0) }
        }
        return numbers.shuffled(rows)
    }

    /// Where one number stands in the pool, as `PageLayout` says.
    func place(
        _ side: Side, _ element: Int, of row: Row, kvHead: Int
    ) -> (word: Int, part: ExpectedResult.Part) {
        let first = side.rawValue * shape.page.wordsPerKey
        let chunk = first + element / shape.page.type.elementsPerWord
        let part: ExpectedResult.Part =
            switch shape.page.type {
            case .f32: .float
            case .f16: element % 8 < 4 ? .lowHalf : .highHalf
            case .q8_0:
                .byte(
                    element % 16 / 4, scale: scale(ofBlock: element / 32, row, kvHead), isHigh: side == .value)
            }
        return (word(ofChunk: chunk, row, kvHead) + element % 4, part)
    }

    /// The words that hold the scales of a token's blocks in Q8, and those that are left over.
    func scales(of row: Row, kvHead: Int) -> [Int] {
        (0..<4 * shape.page.scaleWords).map { scale(ofBlock: $0, row, kvHead) }
    }

    private func scale(ofBlock block: Int, _ row: Row, _ kvHead: Int) -> Int {
        word(ofChunk: 2 * shape.page.wordsPerKey + block / 4, row, kvHead) + block % 4
    }

    private func word(ofChunk chunk: Int, _ row: Row, _ kvHead: Int) -> Int {
        let block = row.position / shape.page.tokensPerPage
        let (place, head) = kvHead.quotientAndRemainder(dividingBy: shape.headsPerPage)
        let page = tables[starts[row.sequence] + block * shape.pagesPerBlock + layer.page + place]
        return (page * shape.page.pageBytes + head * shape.page.bytesPerHead) / 4 + 4
            * (chunk * shape.page.tokensPerPage + row.position % shape.page.tokensPerPage)
    }
}

extension PageLayout {
    /// A page of so many tokens of some heads, with bytes behind them that must not be touched.
    init(_ type: KVType, headSize: Int, tokens: Int, heads: Int = 1, slack: Int) {
        let token = PageLayout(type: type, headSize: headSize, pageBytes: 1 << 20, tokensPerPage: 1)
        self.init(
            type: type, headSize: headSize, pageBytes: heads * tokens * token.bytesPerToken + slack,
            tokensPerPage: tokens)
    }
}
