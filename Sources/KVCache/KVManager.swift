/// The books of one pool: who holds which page, who may hold more, and who has to yield.
///
/// Several models share the pool. Each has a quota in proportion to rate x layers x KV heads; what a model leaves idle
/// is lent, and taken back by preemption. Full blocks whose tokens are known are kept in a prefix index and shared.
///
/// Sequences yield in this order: pages that only the prefix index keeps, then the newest sequence of the model
/// furthest over its quota. A model's oldest sequence is preempted only for an older sequence that is the only one of
/// its own model, so that the oldest of all always gets on: a pool far too small is slow, never stuck.
///
/// Source: MuxServe's unified resource manager, whose blocks are of equal shape instead of equal
/// bytes and whose quota is a cap on sequences.
public struct KVManager: Sendable {
    public let pageBytes: Int
    public let quotaRule: QuotaRule
    public internal(set) var pool: PagePool
    /// Rises with every event after which a wish refused for its quota may succeed: a release, a change of quotas.
    public internal(set) var revision: UInt64 = 0

    var accounts: [ModelAccount?] = []
    var slots: [SequenceSlot] = []
    var vacantSlots: [Int] = []
    var index = PrefixIndex()
    var held = 0
    var cached = 0
    /// Pages that models with waiting requests have not yet filled; sum of `ModelAccount.unfilled`.
    var unfilled = 0
    /// The only sequence of a model, waiting for pages of others at work; nobody younger takes them before it.
    var claim: Claim?

    struct Claim: Sendable {
        var slot: Int
        var pages: Int
    }

    /// A pool of `pages` pages of `pageBytes` bytes, all free.
    public init(pages: Int, pageBytes: Int = KVShape.defaultPageBytes, quotaRule: QuotaRule = .lent) {
        pool = PagePool(pageCount: pages)
        self.quotaRule = quotaRule
        self.pageBytes = pageBytes
    }

    /// Adds a model and sets all quotas anew.
    ///
    /// - Parameter weight: The model's arrival rate; only proportions count. Positive.
    /// - Throws: `KVError.pageSizeMismatch`, `KVError.poolTooSmall`.
    /// - Complexity: O(models).
    public mutating func add(_ shape: KVShape, weight: Double) throws(KVError) -> ModelID {
        precondition(weight > 0 && weight.isFinite, "a model's weight is positive")
        guard shape.pageBytes == pageBytes else {
            throw .pageSizeMismatch(shape: shape.pageBytes, pool: pageBytes)
        }
        guard shape.pagesPerBlock <= pool.pageCount else {
            throw .poolTooSmall(pagesPerBlock: shape.pagesPerBlock, pages: pool.pageCount)
        }
        let account = ModelAccount(shape: shape, weight: weight)
        let model = accounts.firstIndex { $0 == nil } ?? accounts.count
        if model == accounts.count { accounts.append(account) } else { accounts[model] = account }
        resetQuotas()
        return ModelID(index: model)
    }

    /// Removes a model, whose sequences must have been released, with all that the prefix index keeps for it.
    ///
    /// - Complexity: O(models + nodes of the prefix index).
    public mutating func remove(_ model: ModelID) {
        guard let account = accounts[model.index] else { return }
        precondition(account.sequences == 0, "model \(model.index) still has sequences")
        setDemand(false, of: model)
        cached -= account.cached
        pool.release(index.removeAll(of: model.index))
        accounts[model.index] = nil
        resetQuotas()
    }

    /// Changes a model's weight; quotas follow as they are adapted.
    public mutating func setWeight(_ weight: Double, of model: ModelID) {
        precondition(weight > 0 && weight.isFinite, "a model's weight is positive")
        accounts[model.index]?.weight = weight
        apportion()
    }

    /// Says whether requests of the model wait for pages; while they do, its unfilled quota is not lent.
    ///
    /// - Complexity: O(1).
    public mutating func setDemand(_ hasDemand: Bool, of model: ModelID) {
        guard let account = accounts[model.index], account.hasDemand != hasDemand else { return }
        update(model.index) { $0.hasDemand = hasDemand }
        if !hasDemand { revision += 1 }
    }

    /// Changes one account and keeps the sums over accounts right.
    mutating func update(_ model: Int, _ change: (inout ModelAccount) -> Void) {
        guard var account = accounts[model] else { return }
        unfilled -= account.unfilled
        held -= account.held
        cached -= account.cached
        change(&account)
        account.peak = max(account.peak, account.held)
        unfilled += account.unfilled
        held += account.held
        cached += account.cached
        accounts[model] = account
    }
}
