package import Quantities

/// What a unit must know of a model to schedule it.
package struct ModelSettings: Hashable, Sendable {
    package var shape: KVShape
    /// The arrival rate; only proportions count.
    package var weight: Double
    package var shares: PhaseShares
    /// The share of all its jobs under `spatial`; without one the device is divided equally.
    package var fixedShare: Share?
    /// The most sequences that hold pages, and so the largest decode batch. MuxServe's plans have at most 256.
    package var maxSequences: Int
    /// The most tokens of one prefill job. vLLM's default.
    package var maxBatchedTokens: Int
    /// Whether a prompt may be split over several jobs. A prompt beyond `maxBatchedTokens` goes alone if not.
    package var chunksPrompts: Bool
    /// Whether sequences take over what others with the same prefix have computed, where the shape permits it: not
    /// where all rows of a prompt are wanted.
    package var sharesPrefixes: Bool
    package var targets: LatencyTargets
    /// Bytes of its weights, held against `ResidencyLimits`.
    package var weightBytes: Int
    /// Whether it stays loaded when another model needs its memory.
    package var isPinned: Bool

    package init(
        shape: KVShape, weight: Double, shares: PhaseShares, fixedShare: Share? = nil, maxSequences: Int = 256,
        maxBatchedTokens: Int = 2048, chunksPrompts: Bool = true, sharesPrefixes: Bool = true,
        targets: LatencyTargets = LatencyTargets(), weightBytes: Int = 0, isPinned: Bool = false
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
        self.sharesPrefixes = sharesPrefixes
        self.targets = targets
        self.weightBytes = weightBytes
        self.isPinned = isPinned
    }
}

extension ModelSettings {
    /// The most tokens that a job computes of one sequence: without chunks a whole prompt.
    var longestChunk: Int { chunksPrompts ? maxBatchedTokens : .max }
}

/// The latencies that a model's requests should have, where any are wanted.
package struct LatencyTargets: Hashable, Sendable, Codable {
    /// From arrival to the first token.
    package var timeToFirstToken: Seconds?
    package var timePerOutputToken: Seconds?

    package init(timeToFirstToken: Seconds? = nil, timePerOutputToken: Seconds? = nil) {
        self.timeToFirstToken = timeToFirstToken
        self.timePerOutputToken = timePerOutputToken
    }
}
