extension KVManager {
    /// The part of its fair quota by which a model's quota moves at most in one adaptation.
    private static var step: Double { 0.1 }

    /// Moves quotas a step towards what the models used since the last call.
    ///
    /// A model whose requests wait wants at least its fair quota. One without waiting requests wants its peak use and
    /// a twentieth more; what it leaves goes to those who wait, in proportion to their fair quotas. Call it every few
    /// seconds.
    ///
    /// Source: MuxServe, Algorithm 3 (`adapt`); steps as in its reference code, a tenth.
    /// - Complexity: O(models).
    public mutating func adaptQuotas() {
        let moves = desiredMoves()
        let given = moves.reduce(0) { $0 + max(0, -$1.pages) }
        let wanted = moves.reduce(0) { $0 + max(0, $1.pages) }
        var spare = pool.pageCount - accounts.reduce(0) { $0 + ($1?.quota ?? 0) }
        let taken = min(given, max(0, wanted - spare))
        for move in moves where move.pages < 0 {
            let pages = -move.pages * taken / given
            update(move.model) { $0.quota -= pages }
            spare += pages
        }
        let granted = min(spare, wanted)
        for move in moves where move.pages > 0 {
            let pages = move.pages * granted / wanted
            update(move.model) { $0.quota += pages }
        }
        for model in accounts.indices {
            guard let account = accounts[model] else { continue }
            update(model) { $0.peak = account.held }
        }
        revision += 1
    }

    /// The pages by which each model's quota should rise or fall now.
    private func desiredMoves() -> [(model: Int, pages: Int)] {
        var idle = 0
        var waitingQuota = 0
        for case let account? in accounts {
            if account.hasDemand { waitingQuota += account.fairQuota } else { idle += leaves(account) }
        }
        return accounts.indices.compactMap { model in
            guard let account = accounts[model] else { return nil }
            var target = account.fairQuota
            if account.hasDemand {
                target += waitingQuota == 0 ? 0 : idle * account.fairQuota / waitingQuota
            } else if waitingQuota > 0 {
                target -= leaves(account)
            }
            let step = max(account.shape.pagesPerBlock, Int(Self.step * Double(account.fairQuota)))
            return (model, max(-step, min(step, target - account.quota)))
        }
    }

    /// The pages of its fair quota that a model without waiting requests can do without.
    private func leaves(_ account: ModelAccount) -> Int {
        max(0, account.fairQuota - max(account.peak + account.peak / 20, account.shape.pagesPerBlock))
    }

    /// Sets all quotas to the fair ones.
    mutating func resetQuotas() {
        apportion()
        for model in accounts.indices { update(model) { $0.quota = $0.fairQuota } }
        revision += 1
    }

    /// Divides the pool by weight x layers x KV heads, rounded down.
    mutating func apportion() {
        let claims = accounts.reduce(0.0) { $0 + ($1?.claim ?? 0) }
        for model in accounts.indices {
            let pages = Double(pool.pageCount)
            update(model) { $0.fairQuota = Int($0.claim / claims * pages) }
        }
    }
}
