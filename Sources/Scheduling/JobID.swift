/// A job, unique in its unit.
public struct JobID: Hashable, Sendable {
    public let number: UInt64
}
