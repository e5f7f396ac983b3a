extension KVManager {
    /// Who yields to a wish that cannot be granted as things are.
    ///
    /// - Complexity: O(models + pinned sequences of the models over quota).
    mutating func victim(for wish: Wish) -> ExtendOutcome {
        if let victim = newestOfFurthest(over: 0, for: wish) { return .needsPreemption(of: victim) }
        if wish.isOnly {
            if let victim = newestOfFurthest(over: Int.min, for: wish) ?? newestOnly(youngerThan: wish.slot) {
                return .needsPreemption(of: victim)
            }
            // What is freed from now on is kept for it, unless an older one claims too.
            if claim.map({ $0.slot == wish.slot || isOlder(wish.slot, than: $0.slot) }) ?? true {
                claim = Claim(slot: wish.slot, pages: wish.pages)
            }
        } else if wish.growth == .step, accounts[slots[wish.slot].model]?.oldest == Int32(wish.slot),
            let victim = newestUnpinned(of: slots[wish.slot].model)
        {
            return .needsPreemption(of: victim)
        }
        return .blocked
    }

    /// The newest sequence at rest of the model furthest over its quota, beyond `floor` pages; without quotas the
    /// youngest of all, if younger than the wisher. A model's oldest sequence does not count.
    private func newestOfFurthest(over floor: Int, for wish: Wish) -> SequenceID? {
        if quotaRule == .none { return youngest(for: wish) }
        var furthest = floor
        var victim: SequenceID?
        for model in accounts.indices {
            guard let account = accounts[model], account.sequences > 1 else { continue }
            let excess = account.excess + (model == slots[wish.slot].model ? wish.pages : 0)
            guard excess > furthest, let newest = newestUnpinned(of: model) else { continue }
            furthest = excess
            victim = newest
        }
        return victim
    }

    private func youngest(for wish: Wish) -> SequenceID? {
        var youngest = wish.isOnly ? wish.slot : -1
        for case let account? in accounts where account.sequences > 1 {
            guard let newest = newestUnpinned(of: slots[Int(account.newest)].model) else { continue }
            if youngest < 0 || isOlder(youngest, than: Int(newest.index)) { youngest = Int(newest.index) }
        }
        return youngest < 0 || youngest == wish.slot && wish.isOnly ? nil : identifier(of: Int32(youngest))
    }

    /// The newest sequence at rest of a model, but for its oldest.
    private func newestUnpinned(of model: Int) -> SequenceID? {
        guard let account = accounts[model] else { return nil }
        var slot = account.newest
        while slot >= 0, slot != account.oldest {
            if !slots[Int(slot)].isPinned { return identifier(of: slot) }
            slot = slots[Int(slot)].older
        }
        return nil
    }

    /// The youngest sequence at rest among those that are the only ones of their models, if younger than `slot`.
    private func newestOnly(youngerThan slot: Int) -> SequenceID? {
        var youngest = Int32(slot)
        for case let account? in accounts where account.sequences == 1 {
            let candidate = account.oldest
            guard !slots[Int(candidate)].isPinned, !slots[Int(candidate)].table.pages.isEmpty else { continue }
            if isOlder(Int(youngest), than: Int(candidate)) { youngest = candidate }
        }
        return youngest == Int32(slot) ? nil : identifier(of: youngest)
    }

    private func identifier(of slot: Int32) -> SequenceID {
        SequenceID(index: slot, generation: slots[Int(slot)].generation)
    }
}
