/// How a model's keys and values lie in pages.
///
/// A block is what `tokensPerPage` tokens take in all layers and heads: `pagesPerBlock` pages. A sequence's pages stand
/// in its table as `[state pages][block][layer][page of the layer]`. Layers may have heads of different counts and
/// sizes: a page then has room for the tokens of a block in the largest, and holds several of the smaller ones.
///
/// Windowed layers read the last tokens only. They come last among the layers, and of each sequence they keep the pages
/// of its last `windowBlocks` blocks; each further block takes over the pages of the one that is then left behind. So
/// no sequence ever waits for pages of theirs that it has had.
///
/// ```swift
/// let shape = try KVShape(heads: [KVHeads(count: 2, size: 256), KVHeads(count: 3, size: 128)])
/// shape.tokensPerPage               // 16: a page of 16 KB has so many keys and values of 256 halves
/// shape.layers[1].headsPerPage      // 2
/// shape.pagesPerBlock               // 4: two pages of the first layer, two of the second
/// ```
package struct KVShape: Hashable, Sendable {
    package let layers: [KVLayer]
    /// How a head stands in a page, one of the largest.
    package let page: PageLayout
    /// The windowed layers; `nil` where every layer keeps all tokens.
    package let window: KVWindow?
    /// Pages that a sequence has from its first token on, however long it grows: what recurrent layers keep of all
    /// that they have read. A state says nothing of what it was some tokens ago, so it is never shared.
    package let statePages: Int
    /// The pages of one block, those of all layers.
    package let pagesPerBlock: Int
    /// Those of them that belong to windowed layers, the last ones.
    package let windowedPerBlock: Int

    /// - Parameter heads: of each layer, the windowed ones last.
    /// - Throws: `KVError.invalidShape`, `KVError.tokenExceedsPage`.
    package init(
        heads: [KVHeads], type: KVType = .f16, pageBytes: Int = PageLayout.defaultPageBytes, window: KVWindow? = nil,
        statePages: Int = 0
    ) throws(KVError) {
        precondition(statePages >= 0, "a state of \(statePages) pages")
        precondition(window.map { 1...max(1, heads.count) ~= $0.layers && $0.tokens > 0 } ?? true, "\(window as Any)")
        let largest = heads.map(\.size).max() ?? 0
        guard let least = heads.map(\.count).min(), least > 0, heads.allSatisfy({ $0.size > 0 }) else {
            throw .invalidShape(layers: heads.count, kvHeads: heads.first?.count ?? 0, headSize: largest)
        }
        let page = try PageLayout(type: type, headSize: largest, pageBytes: pageBytes)
        var layers: [KVLayer] = []
        for heads in heads {
            layers.append(KVLayer(heads, in: page, firstPage: layers.last.map { $0.firstPage + $0.pages } ?? 0))
        }
        func pages(_ layers: ArraySlice<KVLayer>) -> Int { layers.reduce(0) { $0 + $1.pages } }
        (self.layers, self.page, self.window, self.statePages) = (layers, page, window, statePages)
        pagesPerBlock = pages(layers[...])
        windowedPerBlock = pages(layers.suffix(window?.layers ?? 0))
    }

    /// Of layers that are alike.
    ///
    /// - Throws: `KVError.invalidShape`, `KVError.tokenExceedsPage`.
    package init(
        layers: Int, kvHeads: Int, headSize: Int, type: KVType = .f16, pageBytes: Int = PageLayout.defaultPageBytes,
        window: KVWindow? = nil, statePages: Int = 0
    ) throws(KVError) {
        guard layers > 0 else { throw .invalidShape(layers: layers, kvHeads: kvHeads, headSize: headSize) }
        try self.init(
            heads: Array(repeating: KVHeads(count: kvHeads, size: headSize), count: layers), type: type,
            pageBytes: pageBytes, window: window, statePages: statePages)
    }

    /// Of a model that keeps nothing between passes, as encoders do, which read a text in one: its sequences have no
    /// pages, however long they are.
    ///
    /// - Throws: `KVError.tokenExceedsPage`.
    package static func withoutPages(pageBytes: Int = PageLayout.defaultPageBytes) throws(KVError) -> KVShape {
        try KVShape(pageBytes: pageBytes)
    }

    private init(pageBytes: Int) throws(KVError) {
        (layers, window, statePages, pagesPerBlock, windowedPerBlock) = ([], nil, 0, 0, 0)
        // Any: there are none.
        page = try PageLayout(type: .f16, headSize: 32, pageBytes: pageBytes)
    }

    package var tokensPerPage: Int { page.tokensPerPage }

    /// Whether a sequence ever has pages.
    package var hasPages: Bool { statePages + pagesPerBlock > 0 }

    /// The bytes of a token's keys and values, in all layers.
    package var bytesPerToken: Int { layers.reduce(0) { $0 + $1.kvHeads * $1.page.bytesPerToken } }

    /// Whether sequences with equal prefixes can share the pages of these. A state is of one length only; and what
    /// windowed layers no longer keep, a later sequence with the same prefix would need.
    package var sharesPrefixes: Bool { statePages == 0 && window == nil && hasPages }

    /// The blocks of a sequence of `tokens` tokens, the last perhaps in part.
    package func blocks(for tokens: Int) -> Int { (tokens + tokensPerPage - 1) / tokensPerPage }

    /// The pages in the table of a sequence of `tokens` tokens, its state among them. In windowed layers blocks name
    /// the same pages over and over: `mostPages` counts each once.
    package func pages(for tokens: Int) -> Int { statePages + blocks(for: tokens) * pagesPerBlock }

    /// The most tokens of a sequence whose table has so many pages.
    package func tokens(in pages: Int) -> Int {
        pagesPerBlock == 0 ? .max : max(0, pages - statePages) / pagesPerBlock * tokensPerPage
    }

    /// The blocks of which windowed layers keep pages where a pass computes at most `chunk` tokens of a sequence: as
    /// many as the pass's tokens, and those that its first one reads, can touch. The block that far back may then be
    /// overwritten while the pass runs.
    package func windowBlocks(chunk: Int) -> Int {
        // Longer chunks than this are as long as their prompt.
        guard let window, chunk < Int.max / 4 else { return .max }
        return blocks(for: window.tokens + chunk - 2) + 1
    }

    /// The pages that a sequence of `blocks` blocks holds, where windowed layers keep those of `windowBlocks`.
    package func heldPages(blocks: Int, windowBlocks: Int) -> Int {
        statePages + blocks * pagesPerBlock - max(0, blocks - windowBlocks) * windowedPerBlock
    }

    /// The most pages that a sequence holds on its way to `tokens` tokens, of which a pass computes at most `chunk`.
    package func mostPages(for tokens: Int, chunk: Int) -> Int {
        heldPages(blocks: blocks(for: tokens), windowBlocks: windowBlocks(chunk: chunk))
    }

    /// The most tokens of a sequence that never holds more than `pages` pages.
    package func mostTokens(in pages: Int, chunk: Int) -> Int {
        guard pagesPerBlock > 0 else { return .max }
        let free = max(0, pages - statePages), kept = windowBlocks(chunk: chunk), blocks = free / pagesPerBlock
        if blocks <= kept { return blocks * tokensPerPage }
        let growing = pagesPerBlock - windowedPerBlock
        return growing == 0 ? .max : (free - kept * windowedPerBlock) / growing * tokensPerPage
    }

    /// What a model's quota is in proportion to, beside its weight: the pages of a block, layers x KV heads mostly;
    /// where a sequence's pages do not grow with it, as many times less or more as a sequence of `dueTokens` holds of
    /// them.
    package var dueShare: Double {
        let all = blocks(for: Self.dueTokens) * pagesPerBlock, held = mostPages(for: Self.dueTokens, chunk: 1)
        return all == held ? Double(pagesPerBlock) : Double(pagesPerBlock) * Double(held) / Double(all)
    }

    /// Chosen: about a conversation of some turns.
    private static let dueTokens = 2048
}

/// The heads of keys and values of a layer.
package struct KVHeads: Hashable, Sendable {
    package var count: Int
    /// Elements of a key.
    package var size: Int

    package init(count: Int, size: Int) { (self.count, self.size) = (count, size) }
}

/// Where the heads of a layer stand in the pages of a block.
package struct KVLayer: Hashable, Sendable {
    package let kvHeads: Int
    /// How a head stands in its part of a page.
    package let page: PageLayout
    /// The heads that share a page, one behind the other; one, unless other layers have larger heads.
    package let headsPerPage: Int
    /// The layer's first page among those of a block.
    package let firstPage: Int

    /// The layer's pages in a block.
    package var pages: Int { (kvHeads + headsPerPage - 1) / headsPerPage }

    /// - Parameter largest: of the heads of all layers, for which the tokens of a block are chosen.
    fileprivate init(_ heads: KVHeads, in largest: PageLayout, firstPage: Int) {
        kvHeads = heads.count
        page = PageLayout(
            type: largest.type, headSize: heads.size, pageBytes: largest.pageBytes,
            tokensPerPage: largest.tokensPerPage)
        headsPerPage = page.headsPerPage
        self.firstPage = firstPage
    }
}

/// The layers of a model that read the last tokens only.
package struct KVWindow: Hashable, Sendable {
    /// How many of the layers they are, the last ones.
    package let layers: Int
    /// The most tokens that a row reads in them, its own among them.
    package let tokens: Int

    package init(layers: Int, tokens: Int) { (self.layers, self.tokens) = (layers, tokens) }
}
