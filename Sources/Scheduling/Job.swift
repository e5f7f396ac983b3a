public import KVCache

/// One launch of one model's phase.
///
/// The pages for all its tokens are there, and stay until the job is reported finished.
public struct Job: Hashable, Sendable {
    public let id: JobID
    public let model: ModelID
    public let phase: Phase
    public let share: Share
    /// By age.
    public let sequences: [JobSequence]

    /// The tokens that the job computes.
    public var tokenCount: Int { sequences.reduce(0) { $0 + $1.tokens.count } }
}
