/// What a finished job brought.
public struct JobOutcome: Hashable, Sendable {
    /// The drawn tokens, one for each sequence of the job that draws one, in order; empty where nobody knows them.
    public var tokens: [Int32]
    /// Sequences that ended with their drawn token before their limit.
    public var ended: Set<RequestID>

    public init(tokens: [Int32] = [], ended: Set<RequestID> = []) {
        self.tokens = tokens
        self.ended = ended
    }
}
