extension KVManager {
    /// Says which tokens of a sequence have their keys and values written, so that its full blocks can be shared.
    ///
    /// Blocks enter the index once; where another sequence published the same block first and still uses it, this one
    /// keeps its pages beside it and gives them to the index when the other goes.
    ///
    /// - Parameters:
    ///   - tokens: The sequence's tokens.
    ///   - computed: How many of them, from the first, have their keys and values written.
    /// - Complexity: O(newly full blocks x pages of a block).
    public mutating func publish(_ tokens: [Int32], computed: Int, of sequence: SequenceID) {
        let slot = slot(of: sequence)
        let shape = slots[slot].table.shape
        precondition(computed <= min(tokens.count, slots[slot].table.tokenCount), "tokens beyond the sequence's pages")
        let known = slots[slot].chain.count
        for block in known..<max(known, computed / shape.tokensPerPage) {
            let key = blockKey(tokens, block: block, slot: slot)
            slots[slot].chain.append(publish(block, of: slot, as: key))
            slots[slot].table.sharedBlocks = block + 1
        }
    }

    private mutating func publish(_ block: Int, of slot: Int, as key: PrefixIndex.Key) -> ChainLink {
        let pages = Array(slots[slot].table.pages(ofBlock: block))
        guard let node = index.find(key) else {
            for page in pages { pool.retain(page) }
            return ChainLink(node: index.insert(key, pages: pages), isTwin: false)
        }
        if index.isUsed(node) {
            index.retainAsTwin(node, slot: slot)
            return ChainLink(node: node, isTwin: true)
        }
        _ = index.retain(node)
        replacePages(of: node, with: pages)
        update(slots[slot].model) { $0.cached -= pages.count }
        return ChainLink(node: node, isTwin: false)
    }

    private mutating func replacePages(of node: Int, with pages: [PageID]) {
        for page in pages { pool.retain(page) }
        pool.release(index.replacePages(of: node, with: pages))
    }

    /// Drops all that the prefix index keeps for no sequence, and returns the number of pages.
    public mutating func dropCache() -> Int {
        let before = cached
        while dropOldestPrefix() {}
        return before
    }

    /// Frees the block that was unused for longest, if there is one.
    mutating func dropOldestPrefix() -> Bool {
        guard let (model, pages) = index.evict() else { return false }
        pool.release(pages)
        update(model) { $0.cached -= pages.count }
        return true
    }

    /// Gives a new sequence all leading blocks of its prompt that the index knows, but for the last token.
    mutating func attachPrefix(of prompt: [Int32], to slot: Int) {
        let shape = slots[slot].table.shape
        for block in 0..<max(0, prompt.count - 1) / shape.tokensPerPage {
            guard let node = index.find(blockKey(prompt, block: block, slot: slot)) else { break }
            if index.retain(node) {
                update(slots[slot].model) {
                    $0.held += shape.pagesPerBlock
                    $0.cached -= shape.pagesPerBlock
                }
            }
            slots[slot].chain.append(ChainLink(node: node, isTwin: false))
            for page in index.pages(of: node) { pool.retain(page) }
            slots[slot].table.append(index.pages(of: node))
        }
        let (capacity, blocks) = (slots[slot].table.capacity, slots[slot].table.blockCount)
        slots[slot].table.sharedBlocks = blocks
        slots[slot].table.advance(to: capacity)
        update(slots[slot].model) {
            $0.tokens += capacity
            $0.capacity += capacity
        }
    }

    /// Drops all pages of a sequence, the last block first, so that the index loses leaves before their parents.
    mutating func releasePages(of slot: Int) {
        let (table, chain, model) = (slots[slot].table, slots[slot].chain, slots[slot].model)
        let pagesPerBlock = table.shape.pagesPerBlock
        var freed = (table.blockCount - chain.count) * pagesPerBlock
        var kept = 0
        pool.release(table.pages)
        for (block, link) in chain.enumerated().reversed() {
            if link.isTwin {
                index.removeTwin(link.node, slot: slot)
                freed += pagesPerBlock
            }
            if index.release(link.node) {
                kept += pagesPerBlock
            } else if let heir = index.heir(of: link.node) {
                replacePages(of: link.node, with: Array(slots[heir].table.pages(ofBlock: block)))
                index.removeTwin(link.node, slot: heir)
                slots[heir].chain[block].isTwin = false
                freed += pagesPerBlock
            }
        }
        update(model) {
            $0.held -= freed + kept
            $0.cached += kept
        }
    }

    private func blockKey(_ tokens: [Int32], block: Int, slot: Int) -> PrefixIndex.Key {
        let size = slots[slot].table.shape.tokensPerPage
        return PrefixIndex.Key(
            model: slots[slot].model, parent: slots[slot].chain.last?.node ?? -1,
            tokens: Array(tokens[block * size..<(block + 1) * size]))
    }
}
