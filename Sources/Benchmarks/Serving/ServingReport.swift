package import Quantities
package import Workloads

/// What is said of an endpoint that served a load.
package struct ServingReport: Sendable, Encodable {
    /// Requests of one model that failed alike.
    package struct Failures: Hashable, Sendable, Encodable {
        package var model: String
        package var kind: String
        package var count: Int
        /// The first one's words.
        package var example: String
    }

    package var endpoint: String
    package var seed: UInt64
    /// Requests that arrived earlier were served, and are not counted.
    package var warmUp: Seconds
    package var service: ServiceReport
    package var failures: [Failures]
    /// What attainment is measured against.
    package var unloaded: [LatencyBaseline]
    /// How late requests were sent: large values mean that the load generator itself was too slow.
    package var lateness: Percentiles?
    /// Absent where the endpoint does not tell.
    package var kvUsage: [KVUsageSample]?

    /// - Parameters:
    ///   - served: Their unloaded latencies are taken from `unloaded`.
    ///   - rates: Requests per second of each model, in the order of the report.
    package init(
        _ served: [ServedRequest], of load: Load, endpoint: String, unloaded: [LatencyBaseline],
        kvUsage: [KVUsageSample] = []
    ) {
        let counted = served.filter { $0.record.arrival >= load.warmUp }
        let lines = Dictionary(unloaded.map { ($0.model, $0) }) { first, _ in first }
        let records = counted.map { request in
            var record = request.record
            record.unloadedLatency = lines[record.model]?.latency(
                promptTokens: record.promptTokens, outputTokens: record.outputTokens)
            return record
        }
        self.endpoint = endpoint
        self.unloaded = unloaded
        (seed, warmUp) = (load.seed, load.warmUp)
        service = ServiceReport(records, rates: load.rates, start: load.warmUp)
        lateness = Percentiles(counted.map { $0.sent - $0.record.arrival })
        failures = Self.failures(counted)
        self.kvUsage = kvUsage.isEmpty ? nil : kvUsage
    }

    private static func failures(_ served: [ServedRequest]) -> [Failures] {
        var found: [Failures] = []
        for request in served {
            guard let failure = request.failure else { continue }
            let model = request.record.model
            if let index = found.firstIndex(where: { $0.model == model && $0.kind == failure.kind }) {
                found[index].count += 1
            } else {
                found.append(Failures(model: model, kind: failure.kind, count: 1, example: failure.detail))
            }
        }
        return found
    }
}
