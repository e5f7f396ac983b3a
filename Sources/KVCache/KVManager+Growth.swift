package import Quantities

/// Why a sequence asks for pages.
package enum Growth: Hashable, Sendable {
    /// It begins or begins again: it may wait, and leaves some room for the growth of those at work.
    case admission
    /// It goes on: running sequences of models over their quota yield to it.
    case step
}

/// The answer to a sequence that asks for more tokens.
package enum ExtendOutcome: Hashable, Sendable {
    /// The pages are there; those from `firstNewPage` on, as counted in the block table, are new.
    case granted(firstNewPage: Int)
    /// The sequence may have the pages once `victim` is released. The victim may be the asking sequence itself.
    case needsPreemption(of: BlockTableID)
    /// The model would exceed its quota, and no other model's pages are idle. Ask again when `KVManager.revision` rose.
    case exceedsQuota
    /// The sequence may have the pages, but the sequences that must yield them are at work or come first. Leave it open
    /// and ask again after the next job.
    case blocked
    /// The whole pool, or a fixed quota, is smaller than what the sequence needs.
    case neverFits(pagesNeeded: Int, pages: Int)
}

extension KVManager {
    /// A sequence's request for pages that its table does not have.
    private struct PageRequest {
        let table: BlockTableID
        let model: ModelID
        let pages: Int
        let growth: Growth
        /// Whether it is the only open sequence of its model; such a one is entitled to the whole pool.
        let isOnly: Bool
    }

    /// Admissions leave a thirty-second of the pool for the growth of sequences at work; chosen by the same trade as
    /// `quotaRoom`, for pools whose quotas are lent or not in force.
    private var admissionRoom: Int { pool.pageCount / 32 }

    /// Admissions leave a sixteenth of the quota for the growth of those at work: under saturation about one sequence
    /// in five is then preempted once; with half of it every other, with twice of it one in twelve and less is served.
    private static var quotaRoom: Int { 16 }

    /// Lets a sequence grow to `tokens` tokens, its shared prefix included, if its model may have the pages.
    ///
    /// - Complexity: O(new pages + models).
    package mutating func extend(_ id: BlockTableID, to tokens: Int, for growth: Growth) -> ExtendOutcome {
        if let first = growWithin(id, to: tokens) { return .granted(firstNewPage: first) }
        let model = sequences[id].model
        if let (needed, most) = shortage(of: model, for: tokens) { return .neverFits(pagesNeeded: needed, pages: most) }
        let missing = sequences[id].table.missing(for: tokens)
        // Where all layers are windowed, or sequences have no pages.
        if missing == 0 { return grant(0, to: id, tokens: tokens) }
        let request = PageRequest(
            table: id, model: model, pages: missing, growth: growth,
            isOnly: accounts[model].sequences.count == 1)
        if isEntitled(request) { return grant(request.pages, to: id, tokens: tokens) }
        if growth == .admission, !request.isOnly, quotaRule == .none || exceedsQuota(request) {
            return .exceedsQuota
        }
        return victim(for: request)
    }

    /// Lets a sequence grow within the pages that it has, and pins it: `extend` and `setPinned` in one, for nearly all
    /// rows of all steps. `false` where the pages do not suffice; nothing has changed then.
    ///
    /// - Complexity: O(1).
    package mutating func step(_ id: BlockTableID, to tokens: Int) -> Bool {
        growWithin(id, to: tokens, andPin: true) != nil
    }

    /// The pages that a sequence of `tokens` tokens needs and the most that it can ever have; `nil` if these suffice.
    ///
    /// Counted as for one that begins, which needs the most: whatever has its pages can begin again after preemption.
    package func shortage(of model: ModelID, for tokens: Int) -> (needed: Int, most: Int)? {
        let needed = accounts[model].shape.mostPages(for: tokens, chunk: accounts[model].chunk)
        let most = quotaRule == .fixed ? accounts[model].quota : pool.pageCount
        return needed <= most ? nil : (needed, most)
    }

    /// Whether pages are there that the sequence is entitled to, or that no other waits for.
    private func isEntitled(_ request: PageRequest) -> Bool {
        var spare = pool.freeCount + cached
        if let reservation, reservation.table != request.table, isOlder(reservation.table, than: request.table) {
            spare -= reservation.pages
        }
        if request.isOnly { return spare >= request.pages }
        let room = request.growth == .admission ? admissionRoom : 0
        switch quotaRule {
        case .none: return spare - room >= request.pages
        case .fixed: return !exceedsQuota(request) && spare >= request.pages
        case .lent:
            let kept = exceedsQuota(request) ? unfilled - accounts[request.model].unfilled + room : 0
            return spare - kept >= request.pages
        }
    }

    private func exceedsQuota(_ request: PageRequest) -> Bool {
        let quota = accounts[request.model].quota
        let room = request.growth == .admission ? quota / Self.quotaRoom : 0
        return accounts[request.model].held + request.pages + room > quota
    }

    private mutating func grant(_ pages: Int, to id: BlockTableID, tokens: Int) -> ExtendOutcome {
        while pool.freeCount < pages, dropOldestPrefix() {}
        let (model, first, before) = (
            sequences[id].model, sequences[id].table.pages.count, sequences[id].table.capacity
        )
        sequences[id].table.grow(to: tokens, from: &pool)
        let capacity = sequences[id].table.capacity
        update(model) {
            $0.held += pages
            $0.capacity += capacity - before
        }
        _ = growWithin(id, to: tokens)
        return .granted(firstNewPage: first)
    }

    /// Counts tokens that fit into a sequence's pages and returns the number of these; `nil` where they do not fit.
    private mutating func growWithin(_ id: BlockTableID, to tokens: Int, andPin pins: Bool = false) -> Int? {
        guard let grown = sequences[id].grow(to: tokens, andPin: pins) else { return nil }
        accounts[grown.model].tokens += grown.tokens
        if reservation?.table == id { reservation = nil }
        return grown.pages
    }

    // MARK: Victims

    /// The sequence to preempt for a request that cannot be granted as things are.
    ///
    /// - Complexity: O(models + pinned sequences of the models over quota).
    private mutating func victim(for request: PageRequest) -> ExtendOutcome {
        if let victim = newestOfFurthest(over: 0, for: request) { return .needsPreemption(of: victim) }
        if request.isOnly {
            if let victim = newestOfFurthest(over: Int.min, for: request) ?? newestOnly(youngerThan: request.table) {
                return .needsPreemption(of: victim)
            }
            // What is freed from now on is kept for it, unless an older one has reserved too.
            if reservation.map({ $0.table == request.table || isOlder(request.table, than: $0.table) }) ?? true {
                reservation = (request.table, request.pages)
            }
        } else if request.growth == .step, accounts[request.model].sequences.first == request.table,
            let victim = newestUnpinned(of: request.model)
        {
            return .needsPreemption(of: victim)
        }
        return .blocked
    }

    /// The newest sequence at rest of the model furthest over its quota, beyond `floor` pages; without quotas the
    /// youngest of all, if younger than the one that asks. A model's oldest sequence does not count.
    private func newestOfFurthest(over floor: Int, for request: PageRequest) -> BlockTableID? {
        if quotaRule == .none { return youngest(for: request) }
        var furthest = floor
        var victim: BlockTableID?
        for model in accounts.ids where accounts[model].sequences.count > 1 {
            let excess = accounts[model].excess + (model == request.model ? request.pages : 0)
            guard excess > furthest, let newest = newestUnpinned(of: model) else { continue }
            furthest = excess
            victim = newest
        }
        return victim
    }

    private func youngest(for request: PageRequest) -> BlockTableID? {
        var youngest = request.isOnly ? request.table : nil
        for model in accounts.ids {
            guard let newest = newestUnpinned(of: model) else { continue }
            if youngest.map({ isOlder($0, than: newest) }) ?? true { youngest = newest }
        }
        return request.isOnly && youngest == request.table ? nil : youngest
    }

    /// The newest sequence at rest of a model, but for its oldest; none where it has no pages to yield.
    private func newestUnpinned(of model: ModelID) -> BlockTableID? {
        guard accounts[model].shape.hasPages else { return nil }
        return accounts[model].sequences.dropFirst().last { !sequences[$0].isPinned }
    }

    /// The youngest sequence at rest among those that are the only ones of their models, if younger than `table`.
    private func newestOnly(youngerThan table: BlockTableID) -> BlockTableID? {
        var youngest = table
        for model in accounts.ids where accounts[model].sequences.count == 1 {
            let candidate = accounts[model].sequences[0]
            guard !sequences[candidate].isPinned, !sequences[candidate].table.pages.isEmpty else { continue }
            if isOlder(youngest, than: candidate) { youngest = candidate }
        }
        return youngest == table ? nil : youngest
    }

    func isOlder(_ table: BlockTableID, than other: BlockTableID) -> Bool {
        sequences[table].rank < sequences[other].rank
    }
}

extension KVManager.OpenSequence {
    /// Lets the sequence grow to `tokens` tokens if they fit into its pages.
    fileprivate mutating func grow(to tokens: Int, andPin pins: Bool) -> (model: ModelID, tokens: Int, pages: Int)? {
        guard tokens <= table.capacity else { return nil }
        let before = table.tokenCount
        table.advance(to: tokens)
        isPinned = isPinned || pins
        return (model, table.tokenCount - before, table.pages.count)
    }
}
