/// At which batches and lengths a model is measured.
public struct ProfileGrid: Sendable, Hashable {
    /// One operating point: so many sequences, of so many tokens each.
    public struct Cell: Sendable, Hashable {
        public var batch: Int
        public var length: Int

        public var tokens: Int { batch * length }
    }

    public var batches: [Int]
    public var lengths: [Int]
    /// The most tokens of a prefill that is measured; the engine's jobs have no more than a chunk.
    public var prefillTokens = 512
    /// The most tokens that the sequences of a cell hold together.
    public var cachedTokens = 8192

    /// Kernels compute in tiles of 4 and 8 rows and so on: batches on both sides of a tile's height.
    public static let standard = ProfileGrid(
        batches: [1, 2, 3, 4, 5, 8, 9, 12, 16, 24, 32], lengths: [16, 32, 64, 128, 256, 448])
    /// A corner of the grid, for trying things out.
    public static let quick = ProfileGrid(batches: [1, 4], lengths: [16, 64])

    public init(batches: [Int], lengths: [Int]) {
        precondition((batches + lengths).allSatisfy { $0 > 0 }, "a cell has sequences and tokens")
        self.batches = batches
        self.lengths = lengths
    }

    /// The cells that fit, small batches first.
    ///
    /// - Parameter contextLength: the most tokens of a sequence; a decode step adds one.
    public func cells(contextLength: Int) -> [Cell] {
        batches.sorted().flatMap { batch in lengths.sorted().map { Cell(batch: batch, length: $0) } }
            .filter { $0.length < contextLength && $0.tokens <= cachedTokens }
    }
}
