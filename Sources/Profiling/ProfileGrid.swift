/// At which batches and lengths a model is measured.
package struct ProfileGrid: Sendable, Hashable {
    /// One operating point: so many sequences, of so many tokens each.
    package struct Cell: Sendable, Hashable {
        package var batch: Int
        package var length: Int

        package var tokens: Int { batch * length }
    }

    package var batches: [Int]
    package var lengths: [Int]
    /// The most tokens of a prefill that is measured; the engine's jobs have no more than a chunk. Chosen: twice the
    /// standard one.
    package var prefillTokens = 512
    /// The most tokens that the sequences of a cell hold together. Chosen: bounds the pages that
    /// measuring takes.
    package var cachedTokens = 8192

    /// Kernels compute in tiles of 4 and 8 rows and so on: batches on both sides of a tile's height.
    package static let standard = ProfileGrid(
        batches: [1, 2, 3, 4, 5, 8, 9, 12, 16, 24, 32], lengths: [16, 32, 64, 128, 256, 448])
    /// A corner of the grid, for trying things out.
    package static let quick = ProfileGrid(batches: [1, 4], lengths: [16, 64])

    package init(batches: [Int], lengths: [Int]) {
        precondition((batches + lengths).allSatisfy { $0 > 0 }, "a cell has sequences and tokens")
        self.batches = batches
        self.lengths = lengths
    }

    /// The cells that fit, small batches first.
    ///
    /// - Parameter contextLength: the most tokens of a sequence; a decode step adds one.
    package func cells(contextLength: Int) -> [Cell] {
        batches.sorted().flatMap { batch in lengths.sorted().map { Cell(batch: batch, length: $0) } }
            .filter { $0.length < contextLength && $0.tokens <= cachedTokens }
    }
}
