import Quantities

/// One model's side of the books.
package struct ModelAccount: Sendable {
    let shape: KVShape
    /// The most tokens that a pass computes of a sequence before its prompt is through.
    let chunk: Int
    var weight: Double
    /// The quota by weight x layers x KV heads.
    var fairQuota = 0
    /// Pages that the model may hold now: `fairQuota` moved by observed use.
    package internal(set) var quota = 0
    /// Distinct pages that its sequences hold.
    package internal(set) var held = 0
    /// Pages that only the prefix index keeps for it; whoever needs pages gets them.
    package internal(set) var cached = 0
    /// The most pages held since quotas were last adapted.
    var peak = 0
    /// Whether requests of the model wait for pages.
    var hasDemand = false
    /// Tokens of its sequences.
    var tokens = 0
    /// Tokens that its sequences' pages could take.
    var capacity = 0
    /// Pages held, integrated over the time since the model was added, until `countedAt`: what fairness is measured by
    /// (MuxServe, section 3.3).
    package private(set) var pageSeconds = 0.0
    private var countedAt: Seconds
    /// Open sequences by rank, the one in front first.
    var sequences: [BlockTableID] = []

    init(shape: KVShape, chunk: Int, weight: Double, at now: Seconds) {
        self.shape = shape
        self.chunk = chunk
        self.weight = weight
        countedAt = now
    }

    /// Pages held beyond the quota, lent by models that leave theirs idle.
    package var borrowed: Int { max(0, excess) }

    /// The part of its sequences' pages that no token fills, 0...1.
    package var fragmentation: Double { capacity == 0 ? 0 : Double(capacity - tokens) / Double(capacity) }

    /// What the model's quota is in proportion to.
    var due: Double { weight * shape.dueShare }

    /// Pages kept back for the model while its requests wait.
    var unfilled: Int { hasDemand ? max(0, quota - held) : 0 }

    /// Pages beyond the quota, negative when below it.
    var excess: Int { held - quota }

    /// The pages of its fair quota that the model can do without while no request waits: what it needed at most, and a
    /// twentieth for the next request, stays.
    var surplus: Int { max(0, fairQuota - max(peak + peak / 20, shape.pages(for: 1))) }

    /// Counts what has been held so far. Pages change hands only after this.
    mutating func accrue(to now: Seconds) {
        pageSeconds += Double(held) * (now - countedAt)
        countedAt = now
    }
}

/// What a pool's pages are used for now; the three counts add up to all pages.
package struct PoolUsage: Hashable, Sendable {
    package var free: Int
    package var held: Int
    /// Pages that only the prefix index keeps.
    package var cached: Int

    package init(free: Int, held: Int, cached: Int) { (self.free, self.held, self.cached) = (free, held, cached) }

    package var total: Int { free + held + cached }
}
