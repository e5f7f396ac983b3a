public import KVCache

/// What a unit must know of a model to schedule it.
public struct ModelSettings: Hashable, Sendable {
    public var shape: KVShape
    /// The arrival rate; only proportions count.
    public var weight: Double
    public var shares: PhaseShares
    /// The share of all its jobs under `spatial`; without one the device is divided equally.
    public var fixedShare: Share?
    /// The most sequences that hold pages, and so the largest decode batch.
    public var maxSequences: Int
    /// The most tokens of one prefill job.
    public var maxBatchedTokens: Int
    /// Whether a prompt may be split over several jobs. A prompt beyond `maxBatchedTokens` goes alone if not.
    public var chunksPrompts: Bool
    public var targets: LatencyTargets

    public init(
        shape: KVShape, weight: Double, shares: PhaseShares, fixedShare: Share? = nil, maxSequences: Int = 256,
        maxBatchedTokens: Int = 2048, chunksPrompts: Bool = true, targets: LatencyTargets = LatencyTargets()
    ) {
        precondition(maxSequences > 0 && maxBatchedTokens > 0, "a job takes at least one sequence and one token")
        precondition(min(shares.prefill, shares.decode, fixedShare ?? .whole) > Share(0), "a job needs a share")
        self.shape = shape
        self.weight = weight
        self.shares = shares
        self.fixedShare = fixedShare
        self.maxSequences = maxSequences
        self.maxBatchedTokens = maxBatchedTokens
        self.chunksPrompts = chunksPrompts
        self.targets = targets
    }
}
