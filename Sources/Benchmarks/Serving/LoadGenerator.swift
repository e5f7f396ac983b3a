import Workloads

/// Asks an OpenAI endpoint as a workload says, in an open loop: each request is sent when it arrives, however many are
/// still under way.
///
/// ```swift
/// let generator = LoadGenerator(endpoint: try Endpoint(url: "http://127.0.0.1:8080"))
/// let (report, served) = try await generator.run(Load(requests: requests, rates: rates))
/// ```
package struct LoadGenerator: Sendable {
    /// What a run is about at the moment.
    package enum Stage: Sendable {
        case measuringUnloaded(model: String)
        case sending(share: Double)
        case finishing(left: Int)
    }

    package var endpoint: Endpoint
    /// A request that takes longer counts as failed. Chosen: at overload requests wait for minutes, and shall be
    /// counted.
    package var timeout = Duration.seconds(600)
    /// How often the endpoint's metrics are read; `nil` never. Chosen: a curve of some hundred points over minutes.
    package var metricsInterval: Duration? = .seconds(1)
    /// The unloaded latencies, where they are known; else they are measured first.
    package var unloaded: [LatencyBaseline]?

    package init(endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    /// Checks the endpoint and its models, measures unloaded latencies, and serves the load.
    ///
    /// - Parameter progress: Called as the run goes on.
    /// - Returns: The report, and the requests by arrival.
    /// - Throws: `ServingError` for an endpoint that cannot be measured. Single requests that fail are counted.
    package func run(
        _ load: Load, progress: @escaping @Sendable (Stage) -> Void = { _ in }
    ) async throws -> (report: ServingReport, served: [ServedRequest]) {
        guard !load.requests.isEmpty else { throw ServingError.noRequests }
        return try await EndpointClient.with(endpoint, timeout: timeout) { client in
            let known = try await client.models()
            let asked = Set(load.requests.map(\.model))
            try check(asked.sorted(), known)
            // Another load may ask models that this one does not, and be measured against this one's latencies.
            let idle = unloaded == nil ? load.rates.map(\.model).filter { known.contains(endpoint.name(of: $0)) } : []
            let models = asked.union(idle).sorted()
            var preparation = Preparation(client: client, seed: load.seed)
            var (forms, lines): ([String: PromptForm], [LatencyBaseline]) = ([:], [])
            for model in models {
                progress(.measuringUnloaded(model: model))
                let form = try await preparation.form(of: model)
                forms[model] = form
                if let unloaded {
                    guard let line = unloaded.first(where: { $0.model == model }) else {
                        throw ServingError.missingBaseline(model: model)
                    }
                    lines.append(line)
                } else {
                    lines.append(try await preparation.baseline(of: model, load.probes(of: model), form: form))
                }
            }
            let (served, usage) = try await OpenLoop(client: client, forms: forms, metricsInterval: metricsInterval)
                .run(load, progress: progress)
            let report = ServingReport(served, of: load, endpoint: endpoint.base, unloaded: lines, kvUsage: usage)
            return (report, served)
        }
    }

    private func check(_ models: [String], _ known: [String]) throws(ServingError) {
        let missing = models.map { endpoint.name(of: $0) }.filter { !known.contains($0) }
        if !missing.isEmpty { throw .missingModels(missing, served: known) }
    }
}
