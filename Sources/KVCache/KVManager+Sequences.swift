package import Quantities

extension KVManager {
    /// Opens a sequence and gives it the blocks that the prefix index has of its prompt.
    ///
    /// At least one token of the prompt is left to compute, since it takes a token to draw the next one.
    ///
    /// - Parameters:
    ///   - rank: The sequence's place among all of the unit, unique there, and kept when it is opened again.
    ///   - prompt: The tokens known so far, or nothing where they are not known; then nothing is shared, nor is it by
    ///     models that cannot (`KVShape.sharesPrefixes`).
    /// - Complexity: O(shared pages), and the steps back to its place by rank among the model's sequences.
    package mutating func open(_ model: ModelID, rank: SequenceRank, prompt: [TokenID] = []) -> BlockTableID {
        let table = BlockTable(shape: accounts[model].shape, chunk: accounts[model].chunk)
        let id = sequences.insert(OpenSequence(model: model, rank: rank, table: table))
        // Most are the newest.
        let place = accounts[model].sequences.lastIndex { sequences[$0].rank < rank }.map { $0 + 1 } ?? 0
        accounts[model].sequences.insert(id, at: place)
        attachPrefix(of: prompt, to: id)
        return id
    }

    /// Closes a sequence: its pages are free, or stay for the prefix index.
    ///
    /// - Complexity: O(pages of the sequence), and the steps back to its place among the model's sequences.
    package mutating func release(_ id: BlockTableID) {
        precondition(!sequences[id].isPinned, "a job at work uses the sequence's pages")
        releasePages(of: id)
        let sequence = sequences.remove(id)
        update(sequence.model) {
            $0.tokens -= sequence.table.tokenCount
            $0.capacity -= sequence.table.capacity
            if let place = $0.sequences.lastIndex(of: id) { $0.sequences.remove(at: place) }
        }
        if reservation?.table == id { reservation = nil }
        revision += 1
    }

    /// Says that all tokens that a sequence asked pages for are computed and that it goes on token by token: windowed
    /// layers give back what they kept for chunks.
    ///
    /// - Complexity: O(1) without windowed layers, else O(pages of the window and a chunk).
    package mutating func endPrompt(of id: BlockTableID) {
        guard sequences[id].table.shape.window != nil else { return }
        precondition(!sequences[id].isPinned, "a job at work uses the sequence's pages")
        let pages = sequences[id].table.narrow(toChunk: 1)
        guard !pages.isEmpty else { return }
        pool.release(pages)
        update(sequences[id].model) { $0.held -= pages.count }
        revision += 1
    }

    /// Pins a sequence while a job uses its pages: it is not named as a victim and must not be released.
    ///
    /// - Complexity: O(1).
    package mutating func setPinned(_ isPinned: Bool, _ id: BlockTableID) { sequences[id].isPinned = isPinned }

    /// The pages of an open sequence. Holding the table while the sequence grows costs a copy.
    package subscript(id: BlockTableID) -> BlockTable { sequences[id].table }

    /// Whether the sequence is open; the names of released sequences stay invalid.
    package func isOpen(_ id: BlockTableID) -> Bool { sequences.contains(id) }

    // MARK: Prefixes

    /// Says which tokens of a sequence have their keys and values written, so that its full blocks can be shared.
    ///
    /// Blocks enter the index once; where another sequence published the same block first and still uses it, this one
    /// keeps its pages beside it and gives them to the index when the other goes. Models that share no prefixes
    /// publish nothing.
    ///
    /// - Parameters:
    ///   - tokens: The sequence's tokens.
    ///   - computed: How many of them, from the first, have their keys and values written.
    /// - Complexity: O(newly full blocks x pages of a block).
    package mutating func publish(_ tokens: [TokenID], computed: Int, of id: BlockTableID) {
        guard sequences[id].table.shape.sharesPrefixes else { return }
        let size = sequences[id].table.shape.tokensPerPage
        precondition(computed <= min(tokens.count, sequences[id].table.tokenCount), "tokens beyond the pages")
        let known = sequences[id].chain.count
        for block in known..<max(known, computed / size) {
            let link = publish(block, of: id, as: key(of: block, in: tokens, of: id))
            sequences[id].chain.append(link)
            sequences[id].table.sharedBlocks = block + 1
        }
    }

    private mutating func publish(
        _ block: Int, of id: BlockTableID, as key: PrefixIndex.Key
    ) -> (node: PrefixIndex.NodeID, isDuplicate: Bool) {
        let pages = Array(sequences[id].table.pages(ofBlock: block))
        guard let node = index.find(key) else {
            pool.retain(pages)
            return (index.insert(key, pages: pages), false)
        }
        if index.nodes[node].users > 0 {
            index.retain(node, asDuplicate: id)
            return (node, true)
        }
        _ = index.retain(node)
        replacePages(of: node, with: pages)
        update(key.model) { $0.cached -= pages.count }
        return (node, false)
    }

    private mutating func replacePages(of node: PrefixIndex.NodeID, with pages: [PageID]) {
        pool.retain(pages)
        pool.release(index.replacePages(of: node, with: pages))
    }

    private func key(of block: Int, in tokens: [TokenID], of id: BlockTableID) -> PrefixIndex.Key {
        let size = sequences[id].table.shape.tokensPerPage
        return PrefixIndex.Key(
            model: sequences[id].model, parent: sequences[id].chain.last?.node,
            tokens: Array(tokens[block * size..<(block + 1) * size]))
    }

    /// Frees the block that no sequence has used for longest; `false` if there is none.
    package mutating func dropOldestPrefix() -> Bool {
        guard let (model, pages) = index.evict() else { return false }
        pool.release(pages)
        update(model) { $0.cached -= pages.count }
        return true
    }

    /// Gives a new sequence all leading blocks of its prompt that the index knows, but for the last token.
    private mutating func attachPrefix(of prompt: [TokenID], to id: BlockTableID) {
        let (model, shape) = (sequences[id].model, sequences[id].table.shape)
        guard shape.sharesPrefixes else { return }
        for block in 0..<max(0, prompt.count - 1) / shape.tokensPerPage {
            guard let node = index.find(key(of: block, in: prompt, of: id)) else { break }
            if index.retain(node) {
                update(model) {
                    $0.held += shape.pagesPerBlock
                    $0.cached -= shape.pagesPerBlock
                }
            }
            let pages = index.nodes[node].pages
            pool.retain(pages)
            sequences[id].chain.append((node, false))
            sequences[id].table.append(pages)
        }
        let (capacity, blocks) = (sequences[id].table.capacity, sequences[id].table.blockCount)
        sequences[id].table.sharedBlocks = blocks
        sequences[id].table.advance(to: capacity)
        update(model) {
            $0.tokens += capacity
            $0.capacity += capacity
        }
    }

    /// Drops all pages of a sequence, the last block first, so that the index loses leaves before their parents.
    private mutating func releasePages(of id: BlockTableID) {
        let sequence = sequences[id]
        let pagesPerBlock = sequence.table.shape.pagesPerBlock
        var freed = sequence.table.heldCount - sequence.chain.count * pagesPerBlock
        var kept = 0
        pool.release(sequence.table.heldPages)
        for (block, link) in sequence.chain.enumerated().reversed() {
            if link.isDuplicate {
                index.removeDuplicate(id, of: link.node)
                freed += pagesPerBlock
            }
            if index.release(link.node) {
                kept += pagesPerBlock
            } else if let successor = index.successor(of: link.node) {
                replacePages(of: link.node, with: Array(sequences[successor].table.pages(ofBlock: block)))
                index.removeDuplicate(successor, of: link.node)
                sequences[successor].chain[block].isDuplicate = false
                freed += pagesPerBlock
            }
        }
        update(sequence.model) {
            $0.held -= freed + kept
            $0.cached += kept
        }
    }
}
