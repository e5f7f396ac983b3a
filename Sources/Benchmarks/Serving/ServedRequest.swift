public import Workloads

/// One request of a load, as it was served.
public struct ServedRequest: Sendable {
    public var record: RequestRecord
    /// When it was sent; the load generator is late by as much as this is behind the arrival.
    public var sent: Seconds
    /// Absent for a request that finished.
    public var failure: RequestFailure?

    public init(record: RequestRecord, sent: Seconds, failure: RequestFailure? = nil) {
        self.record = record
        self.sent = sent
        self.failure = failure
    }
}
