/// What became of a policy's attempt to start a job.
public enum StartOutcome: Hashable, Sendable {
    case started
    /// The phase has nothing to do, or is at work.
    case idle
    /// Too little share is free; a job at work will return some.
    case needsShare
    /// The pages are the model's due, but those who must yield them are at work.
    case needsPages
    /// The model's quota is used up and nothing is lent to it.
    case exceedsQuota
}
