extension KVManager {
    /// Lets a sequence grow to `tokens` tokens, its shared prefix included, if its model may have the pages.
    ///
    /// - Complexity: O(new pages + models).
    public mutating func extend(_ sequence: SequenceID, to tokens: Int, for growth: Growth) -> ExtendOutcome {
        let slot = slot(of: sequence)
        if tokens <= slots[slot].table.capacity { return grant(0, to: slot, tokens: tokens) }

        let shape = slots[slot].table.shape
        guard let account = accounts[slots[slot].model] else { return .exceedsQuota }
        let asked = shape.pages(for: tokens)
        let most = quotaRule == .fixed ? account.quota : pool.pageCount
        guard asked <= most else { return .neverFits(pagesNeeded: asked, pages: most) }
        let wish = Wish(
            slot: slot, pages: asked - slots[slot].table.pages.count, growth: growth,
            isOnly: account.sequences == 1, excess: account.excess)
        if mayTake(wish, account) { return grant(wish.pages, to: slot, tokens: tokens) }
        if growth == .admission, !wish.isOnly, quotaRule == .none || exceedsQuota(wish, account) {
            return .exceedsQuota
        }
        return victim(for: wish)
    }

    /// Whether pages are there that the wisher is entitled to, or that nobody else waits for.
    private func mayTake(_ wish: Wish, _ account: ModelAccount) -> Bool {
        var spare = pool.freeCount + cached
        if let claim, claim.slot != wish.slot, isOlder(claim.slot, than: wish.slot) {
            spare -= claim.pages
        }
        if wish.isOnly { return spare >= wish.pages }
        let room = wish.growth == .admission ? pool.pageCount / 32 : 0
        switch quotaRule {
        case .none: return spare - room >= wish.pages
        case .fixed: return !exceedsQuota(wish, account) && spare >= wish.pages
        case .lent:
            let kept = exceedsQuota(wish, account) ? unfilled - account.unfilled + room : 0
            return spare - kept >= wish.pages
        }
    }

    /// Admissions leave a sixteenth of the quota for the growth of those at work: under saturation about one sequence
    /// in
    /// five is then preempted once; with half of it every other, with twice of it one in twelve and less is served.
    private func exceedsQuota(_ wish: Wish, _ account: ModelAccount) -> Bool {
        let room = wish.growth == .admission ? account.quota / 16 : 0
        return account.held + wish.pages + room > account.quota
    }

    private mutating func grant(_ pages: Int, to slot: Int, tokens: Int) -> ExtendOutcome {
        while pool.freeCount < pages, dropOldestPrefix() {}
        let first = slots[slot].table.pages.count
        if pages > 0 { slots[slot].table.append(pages, from: &pool) }
        let grown = tokens - slots[slot].table.tokenCount
        slots[slot].table.advance(to: tokens)
        if claim?.slot == slot { claim = nil }
        if pages > 0 {
            let perBlock = slots[slot].table.shape.pagesPerBlock
            let capacity = pages / perBlock * slots[slot].table.shape.tokensPerPage
            update(slots[slot].model) {
                $0.held += pages
                $0.capacity += capacity
            }
        }
        if grown > 0 { accounts[slots[slot].model]?.tokens += grown }
        return .granted(firstNewPage: first)
    }

    func isOlder(_ slot: Int, than other: Int) -> Bool { slots[slot].age < slots[other].age }
}

/// A sequence's wish for pages that are not simply there.
struct Wish {
    var slot: Int
    var pages: Int
    var growth: Growth
    /// Whether it is the only open sequence of its model; such a one is entitled to the whole pool.
    var isOnly: Bool
    /// Pages that its model holds beyond the quota.
    var excess: Int
}
