package import Quantities

/// The books of one pool: who holds which page, who may hold more, and whose sequence is the next victim.
///
/// Several models share the pool. Each has a quota in proportion to rate x layers x KV heads; what a model leaves idle
/// is lent, and taken back by preemption. Full blocks whose tokens are known are kept in a prefix index and shared.
///
/// Pages come from these, in this order: free pages, pages that only the prefix index keeps, then the newest sequence
/// of the model furthest over its quota. A model's oldest sequence is preempted only for an older sequence that is the
/// only one of its own model, so that the oldest of all always gets on: a pool far too small is slow, never stuck.
///
/// ```swift
/// var kv = KVManager(pages: 1000)
/// let model = try kv.add(KVShape(layers: 30, kvHeads: 3, headSize: 64), weight: 1)
/// let table = kv.open(model, rank: 0, prompt: prompt)      // what the prefix index knows is there already
/// switch kv.extend(table, to: prompt.count, for: .admission) {
/// case .granted: device.compute(prompt, in: kv[table].pages)
/// case .needsPreemption(let victim): kv.release(victim)    // and ask again
/// case .exceedsQuota, .blocked: break                      // ask again later
/// case .neverFits: fail()
/// }
/// ```
///
/// Source: MuxServe's unified resource manager, whose blocks are of equal shape instead of equal bytes and whose quota
/// is a cap on sequences.
package struct KVManager: Sendable {
    package let pageBytes: Int
    package let quotaRule: QuotaRule
    package internal(set) var pool: PagePool
    /// Rises with every event after which a request for pages that was refused for its quota may succeed: a release, a
    /// change of quotas.
    package internal(set) var revision: UInt64 = 0
    /// The time of the last event.
    package private(set) var now: Seconds = 0

    var accounts = ModelTable<ModelAccount>()
    var sequences = SlotTable<BlockTable, OpenSequence>()
    var index = PrefixIndex()
    private(set) var held = 0
    private(set) var cached = 0
    /// Pages that models with waiting requests have not yet filled; sum of `ModelAccount.unfilled`.
    private(set) var unfilled = 0
    /// The only sequence of a model, waiting for pages of others at work; none younger takes them before it.
    var reservation: (table: BlockTableID, pages: Int)?

    /// One open sequence's side of the books.
    struct OpenSequence: Sendable {
        let model: ModelID
        let rank: SequenceRank
        /// A job at work reads or writes the pages.
        var isPinned = false
        var table: BlockTable
        /// The prefix index's nodes of the leading blocks, and whether the block has pages of its own beside the
        /// node's: two sequences computed the same tokens at the same time.
        var chain: [(node: PrefixIndex.NodeID, isDuplicate: Bool)] = []
    }

    /// A pool of `pages` pages of `pageBytes` bytes, all free.
    package init(pages: Int, pageBytes: Int = PageLayout.defaultPageBytes, quotaRule: QuotaRule = .lent) {
        pool = PagePool(pageCount: pages)
        self.quotaRule = quotaRule
        self.pageBytes = pageBytes
    }

    /// Lets time pass: what is held until then is counted when it changes hands.
    package mutating func advance(to time: Seconds) {
        precondition(time >= now, "time goes back from \(now) to \(time)")
        now = time
    }

    // MARK: Models

    /// Why a model of this shape could not be added; `nil` if it could.
    package func obstacle(to shape: KVShape) -> KVError? {
        if shape.page.pageBytes != pageBytes {
            return .pageSizeMismatch(shape: shape.page.pageBytes, pool: pageBytes)
        }
        if shape.pages(for: 1) > pool.pageCount {
            return .poolTooSmall(firstBlock: shape.pages(for: 1), pages: pool.pageCount)
        }
        return nil
    }

    /// Adds a model and sets all quotas anew.
    ///
    /// - Parameters:
    ///   - weight: The model's arrival rate; only proportions count. Positive.
    ///   - chunk: The most tokens that a pass computes of a sequence before `endPrompt` is said of it, which is what
    ///     windowed layers keep beside their window.
    /// - Throws: `KVError.pageSizeMismatch`, `KVError.poolTooSmall`.
    /// - Complexity: O(models).
    package mutating func add(_ shape: KVShape, weight: Double, chunk: Int = .max) throws(KVError) -> ModelID {
        precondition(weight > 0 && weight.isFinite, "a model's weight is positive")
        if let obstacle = obstacle(to: shape) { throw obstacle }
        let model = accounts.insert(ModelAccount(shape: shape, chunk: chunk, weight: weight, at: now))
        resetQuotas()
        return model
    }

    /// Removes a model, whose sequences must have been released, with all that the prefix index keeps for it.
    ///
    /// - Complexity: O(models + nodes of the prefix index).
    package mutating func remove(_ model: ModelID) {
        precondition(accounts[model].sequences.isEmpty, "model \(model.index) still has sequences")
        setDemand(false, of: model)
        cached -= accounts[model].cached
        pool.release(index.removeAll(of: model))
        accounts.remove(model)
        resetQuotas()
    }

    /// Changes a model's weight and sets all quotas anew.
    ///
    /// - Complexity: O(models).
    package mutating func setWeight(_ weight: Double, of model: ModelID) {
        precondition(weight > 0 && weight.isFinite, "a model's weight is positive")
        guard accounts[model].weight != weight else { return }
        accounts[model].weight = weight
        resetQuotas()
    }

    /// Says whether requests of the model wait for pages; while they do, its unfilled quota is not lent.
    ///
    /// - Complexity: O(1).
    package mutating func setDemand(_ hasDemand: Bool, of model: ModelID) {
        guard accounts[model].hasDemand != hasDemand else { return }
        update(model) { $0.hasDemand = hasDemand }
        if !hasDemand { revision += 1 }
    }

    /// What all pages are used for now.
    package var usage: PoolUsage { PoolUsage(free: pool.freeCount, held: held, cached: cached) }

    /// What a model holds now; `nil` for a model that was removed.
    ///
    /// - Complexity: O(1).
    package func usage(of model: ModelID) -> ModelAccount? {
        var account = accounts.existing(model)
        account?.accrue(to: now)
        return account
    }

    /// Changes one account, having counted what it held, and keeps the sums over accounts right.
    mutating func update(_ model: ModelID, _ change: (inout ModelAccount) -> Void) {
        unfilled -= accounts[model].unfilled
        held -= accounts[model].held
        cached -= accounts[model].cached
        accounts[model].accrue(to: now)
        change(&accounts[model])
        accounts[model].peak = max(accounts[model].peak, accounts[model].held)
        unfilled += accounts[model].unfilled
        held += accounts[model].held
        cached += accounts[model].cached
    }

    // MARK: Quotas

    /// Moves quotas a step towards what the models used since the last call.
    ///
    /// A model whose requests wait wants at least its fair quota. One without waiting requests leaves its surplus to
    /// those that wait, in proportion to their fair quotas. Call it every few seconds.
    ///
    /// Source: MuxServe, Algorithm 3 (`adapt`); steps as in its reference code, a tenth of the fair quota.
    /// - Complexity: O(models).
    package mutating func adaptQuotas() {
        let moves = desiredMoves()
        let given = moves.reduce(0) { $0 + max(0, -$1.pages) }
        let wanted = moves.reduce(0) { $0 + max(0, $1.pages) }
        var spare = pool.pageCount - accounts.ids.reduce(0) { $0 + accounts[$1].quota }
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
        for model in accounts.ids { update(model) { $0.peak = $0.held } }
        revision += 1
    }

    /// The pages by which each model's quota should rise or fall now.
    private func desiredMoves() -> [(model: ModelID, pages: Int)] {
        let all = accounts.ids.map { (model: $0, account: accounts[$0]) }
        let waitingQuota = all.reduce(0) { $0 + ($1.account.hasDemand ? $1.account.fairQuota : 0) }
        let surplus = all.reduce(0) { $0 + ($1.account.hasDemand ? 0 : $1.account.surplus) }
        return all.map { model, account in
            var target = account.fairQuota
            if waitingQuota > 0 {
                target += account.hasDemand ? surplus * account.fairQuota / waitingQuota : -account.surplus
            }
            let step = max(account.shape.pages(for: 1), account.fairQuota / 10)
            return (model, max(-step, min(step, target - account.quota)))
        }
    }

    /// Sets all quotas to the fair ones.
    private mutating func resetQuotas() {
        apportion()
        for model in accounts.ids { update(model) { $0.quota = $0.fairQuota } }
        revision += 1
    }

    /// Divides the pool by weight x layers x KV heads, or what stands for these (`KVShape.dueShare`), rounded down.
    private mutating func apportion() {
        let (all, pages) = (accounts.ids.reduce(0.0) { $0 + accounts[$1].due }, Double(pool.pageCount))
        // Models without pages are due none.
        for model in accounts.ids { update(model) { $0.fairQuota = all > 0 ? Int($0.due / all * pages) : 0 } }
    }
}

/// What quotas mean in a pool.
package enum QuotaRule: Hashable, Sendable {
    /// What a model leaves idle is lent to others and taken back by preemption.
    case lent
    /// Each model keeps to its quota, whatever the others leave.
    case fixed
    /// First come, first served: only free pages are given to those that begin, and the youngest is the victim.
    case none
}
