/// The pages of one sequence, as the device reads them.
///
/// Pages stand in the order `[block][layer][KV head]`. New pages are appended and old ones never change, so that a copy
/// on the device stays right when only its tail is sent. Pages below `sharedBlocks` may also be in other tables; such a
/// block is full, and since tokens are written only behind `tokenCount`, nobody writes to it.
public struct BlockTable: Sendable {
    public let shape: KVShape
    public private(set) var pages: [PageID] = []
    /// The tokens that pages were asked for; their keys and values may not be written yet.
    public private(set) var tokenCount = 0
    /// The leading blocks that the prefix index knows.
    public internal(set) var sharedBlocks = 0

    init(shape: KVShape) {
        self.shape = shape
    }

    public var blockCount: Int { pages.count / shape.pagesPerBlock }

    /// The tokens that fit without another page.
    public var capacity: Int { blockCount * shape.tokensPerPage }

    /// The page of K and V of `kvHead` in `layer` for the tokens of `block`.
    public func page(block: Int, layer: Int, kvHead: Int) -> PageID {
        pages[(block * shape.layers + layer) * shape.kvHeads + kvHead]
    }

    /// The pages of a block, `[layer][KV head]`.
    public func pages(ofBlock block: Int) -> ArraySlice<PageID> {
        pages[block * shape.pagesPerBlock..<(block + 1) * shape.pagesPerBlock]
    }

    mutating func append(_ shared: [PageID]) {
        pages.append(contentsOf: shared)
    }

    mutating func append(_ count: Int, from pool: inout PagePool) {
        pool.allocate(count, into: &pages)
    }

    mutating func advance(to tokens: Int) {
        precondition(tokens <= capacity, "\(tokens) tokens exceed the \(capacity) that the table has pages for")
        tokenCount = max(tokenCount, tokens)
    }
}
