public import KVCache

/// What a job computes of one sequence.
public struct JobSequence: Hashable, Sendable {
    public let request: RequestID
    /// Names the block table in the unit's `KVManager`.
    public let pages: SequenceID
    /// The positions to compute; what comes before is in the pages already. The first range of a sequence begins behind
    /// what the prefix index had.
    public let tokens: Range<Int>
    /// Whether the range ends with the last known token, so that the next one is drawn.
    public let drawsToken: Bool
}
