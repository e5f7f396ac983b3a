package import Quantities
package import Workloads

/// One request of a load, as it was served.
package struct ServedRequest: Sendable {
    package var record: RequestRecord
    /// When it was sent; the load generator is late by as much as this is behind the arrival.
    package var sent: Seconds
    /// Absent for a request that finished.
    package var failure: RequestFailure?

    package init(record: RequestRecord, sent: Seconds, failure: RequestFailure? = nil) {
        self.record = record
        self.sent = sent
        self.failure = failure
    }
}
