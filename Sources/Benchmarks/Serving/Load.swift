package import Quantities
package import Workloads

/// The requests that an endpoint is asked, when.
package struct Load: Sendable {
    /// By arrival.
    package var requests: [Request]
    /// Each model's requests per second, in the order of reports.
    package var rates: [(model: String, rate: Double)]
    /// What random prompts follow from.
    package var seed: UInt64
    /// Requests that arrive earlier are made, and not counted.
    package var warmUp: Seconds

    package init(requests: [Request], rates: [(model: String, rate: Double)], seed: UInt64 = 1, warmUp: Seconds = 0) {
        self.requests = requests
        self.rates = rates
        self.seed = seed
        self.warmUp = warmUp
    }

    /// The requests by which a model's unloaded latency is measured, one after the other: short, middling and long
    /// prompts of those that it will get, each twice, with few outputs. For a model that no request asks,
    /// all models' requests say how long they are.
    package func probes(of model: String) -> [Request] {
        let own = requests.filter { $0.model == model }
        let typical = own.isEmpty && rates.contains { $0.model == model } ? requests : own
        let prompts = typical.map(\.promptTokens).sorted()
        let outputs = typical.map(\.outputTokens).sorted()
        guard !typical.isEmpty else { return [] }
        let lengths = [0.1, 0.5, 0.9].map { prompts[Int($0 * Double(prompts.count - 1))] }
        return (lengths + lengths).map { length in
            Request(
                arrival: 0, model: model, promptTokens: length,
                outputTokens: min(32, max(2, outputs[outputs.count / 2])))
        }
    }

    /// The requests as they were served, to be served again: those that finished, with the lengths that they had.
    package static func trace(of served: [ServedRequest]) -> [Request] {
        served.filter { $0.failure == nil }.map { request in
            Request(
                arrival: request.record.arrival, model: request.record.model,
                promptTokens: request.record.promptTokens, outputTokens: max(1, request.record.outputTokens))
        }
    }
}

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
