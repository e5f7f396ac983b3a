import Foundation
import Quantities
import Workloads

/// What is found out about a model before it is loaded.
struct Preparation {
    private let client: EndpointClient
    private var random: SplitMix64

    init(client: EndpointClient, seed: UInt64) {
        self.client = client
        random = SplitMix64(seed: seed, stream: -1)
    }

    /// The most exact form of requests that the model takes: a form that gets a status of 400 or 422 is not it.
    mutating func form(of model: String) async throws -> PromptForm {
        var refusal = ""
        for form in PromptForm.all {
            let request = Request(arrival: 0, model: model, promptTokens: 8, outputTokens: 2)
            let recorder = try await complete(request, form)
            switch recorder.failure {
            case nil: return form
            case .status(let status, let message) where status == 400 || status == 422: refusal = message
            case let failure?:
                throw ServingError.cannotComplete(model: model, reason: "\(failure.kind) \(failure.detail)")
            }
        }
        throw ServingError.cannotComplete(model: model, reason: refusal)
    }

    /// The model's unloaded latency, from requests that are sent one after the other.
    mutating func baseline(of model: String, _ probes: [Request], form: PromptForm) async throws -> LatencyBaseline {
        var records: [RequestRecord] = []
        var failure: RequestFailure?
        for probe in probes {
            let recorder = try await complete(probe, form)
            records.append(recorder.record(of: probe))
            failure = recorder.failure ?? failure
        }
        guard failure == nil, let line = LatencyBaseline(model: model, fitting: records) else {
            throw ServingError.cannotComplete(
                model: model, reason: failure.map { "\($0.kind) \($0.detail)" } ?? "no token came")
        }
        return line
    }

    private mutating func complete(_ request: Request, _ form: PromptForm) async throws -> CompletionRecorder {
        let name = client.endpoint.name(of: request.model)
        let body = try CompletionBody(request, model: name, form: form, using: &random).json()
        let clock = ContinuousClock()
        let start = clock.now
        return await client.complete(body) { (clock.now - start) / .seconds(1) }
    }
}
