import Foundation
import Quantities
import Workloads

/// Sends requests at their arrival times.
struct OpenLoop {
    let client: EndpointClient
    /// By the workload's names of models.
    let forms: [String: PromptForm]
    let metricsInterval: Duration?

    /// What came of the load's requests, by arrival, and the KV usage meanwhile.
    func run(
        _ load: Load, progress: @Sendable (LoadGenerator.Stage) -> Void
    ) async throws -> (served: [ServedRequest], usage: [KVUsageSample]) {
        let clock = ContinuousClock()
        let start = clock.now
        let now: @Sendable () -> Seconds = { (clock.now - start) / .seconds(1) }
        let watch = Task { await watchUsage(now) }
        defer { watch.cancel() }
        let served = try await withThrowingTaskGroup(of: ServedRequest.self) { group in
            for (index, request) in load.requests.enumerated() {
                let body = try body(of: request, index, load.seed)
                try await clock.sleep(until: start + .seconds(request.arrival), tolerance: .zero)
                group.addTask { await serve(request, body, now) }
                progress(.sending(share: Double(index + 1) / Double(load.requests.count)))
            }
            var served: [ServedRequest] = []
            for try await request in group {
                served.append(request)
                progress(.finishing(left: load.requests.count - served.count))
            }
            return served.sorted { ($0.record.arrival, $0.record.model) < ($1.record.arrival, $1.record.model) }
        }
        watch.cancel()
        return (served, await watch.value)
    }

    /// Each prompt has a random stream of its own, so that equal seeds give equal prompts.
    private func body(of request: Request, _ index: Int, _ seed: UInt64) throws -> Data {
        var random = SplitMix64(seed: ~seed, stream: index)
        let name = client.endpoint.name(of: request.model)
        let form = forms[request.model, default: .exact]
        return try CompletionBody(request, model: name, form: form, using: &random).json()
    }

    private func serve(
        _ request: Request, _ body: Data, _ now: @escaping @Sendable () -> Seconds
    ) async -> ServedRequest {
        let sent = now()
        let recorder = await client.complete(body, now: now)
        return ServedRequest(record: recorder.record(of: request), sent: sent, failure: recorder.failure)
    }

    /// Reads the endpoint's metrics until cancelled, or until it has none.
    private func watchUsage(_ now: () -> Seconds) async -> [KVUsageSample] {
        var samples: [KVUsageSample] = []
        while let metricsInterval, !Task.isCancelled, let text = await client.metrics() {
            samples += KVUsageSample.samples(in: PrometheusText(text), at: now())
            try? await Task.sleep(for: metricsInterval)
        }
        return samples
    }
}
