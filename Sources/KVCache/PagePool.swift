package import Quantities

/// The number of a page in its pool: page `p` starts at byte `p * pageBytes` of the pool's memory.
package typealias PageID = UInt32

/// The pages of one pool: which are free, and how many hold each of the others.
///
/// Pages freed last are handed out first, while they may still be in a cache.
package struct PagePool: Sendable {
    private var free: [PageID]
    private var references: [UInt32]

    package init(pageCount: Int) {
        precondition(pageCount >= 0 && pageCount <= Int(PageID.max), "a pool has 0 to 2^32 - 1 pages")
        free = (0..<PageID(pageCount)).reversed()
        references = Array(repeating: 0, count: pageCount)
    }

    package var pageCount: Int { references.count }
    package var freeCount: Int { free.count }
    var freePages: [PageID] { free }

    /// The holders of a page: block tables that list it, and the prefix index.
    package func referenceCount(of page: PageID) -> Int { Int(references[Int(page)]) }

    /// Adds a holder to each page, which has one already.
    ///
    /// - Complexity: O(pages).
    package mutating func retain(_ pages: some Sequence<PageID>) {
        for page in pages {
            precondition(references[Int(page)] > 0, "page \(page) is free")
            references[Int(page)] += 1
        }
    }

    /// Appends `count` free pages with one holder each, those freed last in front.
    ///
    /// - Complexity: O(count).
    package mutating func allocate(_ count: Int, into pages: inout [PageID]) {
        precondition(count <= free.count, "the pool has \(free.count) free pages, not \(count)")
        pages.append(contentsOf: free.suffix(count).reversed())
        var counts = references.mutableSpan
        for index in (pages.count - count)..<pages.count { counts[Int(pages[index])] = 1 }
        free.removeLast(count)
    }

    /// Drops a holder of each page, the last of which frees it; no page is given twice.
    ///
    /// - Complexity: O(pages).
    package mutating func release(_ pages: [PageID]) {
        var counts = references.mutableSpan
        for page in pages {
            precondition(counts[Int(page)] > 0, "page \(page) is free")
            counts[Int(page)] -= 1
        }
        for page in pages.reversed() where references[Int(page)] == 0 { free.append(page) }
    }
}

/// The name of a sequence's block table in its unit's `KVManager`.
package typealias BlockTableID = Slot<BlockTable>

/// The pages of one sequence, as the device reads them.
///
/// Pages stand in the order `[state pages][block][layer][page of the layer]`. New pages are appended and old ones never
/// change, so that a copy on the device stays right when only its tail is sent. Pages below `sharedBlocks` may also be
/// in other tables; such a block is full, and since tokens are written only behind `tokenCount`, nobody writes to it.
///
/// In windowed layers only the last `windowBlocks` blocks have pages of their own: a further block takes over those of
/// the block so far back, which no row reads again. What older blocks list there is not to be read.
package struct BlockTable: Sendable {
    package let shape: KVShape
    package private(set) var pages: [PageID] = []
    /// The tokens that pages were asked for; their keys and values may not be written yet.
    package private(set) var tokenCount = 0
    /// The leading blocks that the prefix index knows.
    package internal(set) var sharedBlocks = 0
    /// The last blocks of which windowed layers keep pages.
    private var windowBlocks: Int

    /// - Parameter chunk: The most tokens that a pass computes of the sequence.
    init(shape: KVShape, chunk: Int) {
        self.shape = shape
        windowBlocks = shape.windowBlocks(chunk: chunk)
    }

    package var blockCount: Int {
        shape.pagesPerBlock == 0 ? 0 : shape.tokens(in: pages.count) / shape.tokensPerPage
    }

    /// The tokens that fit without another page; where there are no pages, those that were asked for. Kept, as every
    /// step of every sequence asks for it.
    package private(set) var capacity = 0

    /// The page of K and V of `kvHead` in `layer` for the tokens of `block`.
    package func page(block: Int, layer: Int, kvHead: Int) -> PageID {
        let layer = shape.layers[layer]
        return pages[
            shape.statePages + block * shape.pagesPerBlock + layer.firstPage + kvHead / layer.headsPerPage]
    }

    /// The pages of a block, `[layer][page of the layer]`.
    package func pages(ofBlock block: Int) -> ArraySlice<PageID> {
        let start = shape.statePages + block * shape.pagesPerBlock
        return pages[start..<start + shape.pagesPerBlock]
    }

    mutating func append(_ shared: [PageID]) {
        pages.append(contentsOf: shared)
        capacity = shape.tokens(in: pages.count)
    }

    /// Pages that the table holds, each counted once.
    package var heldCount: Int { pages.isEmpty ? 0 : held(blockCount) }

    /// These pages.
    package var heldPages: [PageID] {
        guard blockCount > windowBlocks else { return pages }
        let first = blockCount - windowBlocks
        var held = Array(pages.prefix(shape.statePages))
        for block in 0..<first { held += pages(ofBlock: block).dropLast(shape.windowedPerBlock) }
        for block in first..<blockCount { held += pages(ofBlock: block) }
        return held
    }

    /// The pages that the table holds as soon as it has so many blocks.
    private func held(_ blocks: Int) -> Int { shape.heldPages(blocks: blocks, windowBlocks: windowBlocks) }

    /// The pages that it takes to grow to `tokens` tokens.
    func missing(for tokens: Int) -> Int { held(shape.blocks(for: tokens)) - heldCount }

    /// Adds the blocks that `tokens` tokens need.
    mutating func grow(to tokens: Int, from pool: inout PagePool) {
        if shape.window == nil {
            pool.allocate(shape.pages(for: tokens) - pages.count, into: &pages)
        } else {
            if pages.isEmpty { pool.allocate(shape.statePages, into: &pages) }
            for block in blockCount..<shape.blocks(for: tokens) { addBlock(block, from: &pool) }
        }
        capacity = shape.pagesPerBlock == 0 ? max(capacity, tokens) : shape.tokens(in: pages.count)
    }

    private mutating func addBlock(_ block: Int, from pool: inout PagePool) {
        guard block >= windowBlocks else { return pool.allocate(shape.pagesPerBlock, into: &pages) }
        pool.allocate(shape.pagesPerBlock - shape.windowedPerBlock, into: &pages)
        pages.append(contentsOf: Array(pages(ofBlock: block - windowBlocks).suffix(shape.windowedPerBlock)))
    }

    /// Lets go of the windowed pages that only longer chunks need, and returns them.
    mutating func narrow(toChunk chunk: Int) -> [PageID] {
        let before = windowBlocks
        windowBlocks = min(before, shape.windowBlocks(chunk: chunk))
        return (max(0, blockCount - before)..<max(0, blockCount - windowBlocks)).flatMap {
            pages(ofBlock: $0).suffix(shape.windowedPerBlock)
        }
    }

    mutating func advance(to tokens: Int) {
        precondition(tokens <= capacity, "\(tokens) tokens exceed the \(capacity) that the table has pages for")
        tokenCount = max(tokenCount, tokens)
    }
}
