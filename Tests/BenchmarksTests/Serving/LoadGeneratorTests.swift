import Benchmarks
import HTTPTypes
import Synchronization
import Testing
import Workloads

@Suite(.timeLimit(.minutes(10)))
struct LoadGeneratorTests {
    private let unloaded = ["a", "b"].map {
        LatencyBaseline(model: $0, base: 0.1, perPromptToken: 0, perOutputToken: 0)
    }

    private func requests(_ count: Int, gap: Double = 0.01) -> [Request] {
        (0..<count).map {
            Request(arrival: gap * Double($0), model: $0 % 2 == 0 ? "a" : "b", promptTokens: 5 + $0, outputTokens: 3)
        }
    }

    private func run(
        _ requests: [Request], on endpoint: ScriptedEndpoint,
        _ change: @escaping @Sendable (inout LoadGenerator) -> Void
    ) async throws -> (report: ServingReport, served: [ServedRequest]) {
        try await endpoint.run { url in
            var generator = LoadGenerator(
                endpoint: try Endpoint(url: url, apiKey: "key", modelNames: ["b": "org/b"]))
            change(&generator)
            return try await generator.run(Load(requests: requests, rates: [("a", 50), ("b", 50)]))
        }
    }

    @Test func countsAndTimes() async throws {
        let delay = 0.05
        let endpoint = ScriptedEndpoint(models: ["a", "org/b"]) { _, _ in
            try await Task.sleep(for: .seconds(delay))
            return .ok
        }
        let requests = requests(20)
        let (report, served) = try await run(requests, on: endpoint) { $0.metricsInterval = .milliseconds(20) }
        #expect(report.service.overall.finished == 20 && report.failures.isEmpty)
        #expect(served.map(\.record.promptTokens) == requests.map(\.promptTokens))
        #expect(served.allSatisfy { $0.record.outputTokens == 3 && $0.record.timeToFirstToken ?? 0 > delay })
        #expect(served.allSatisfy { $0.sent >= $0.record.arrival })
        #expect(report.unloaded.map(\.model) == ["a", "b"])
        #expect(report.unloaded.allSatisfy { $0.latency(promptTokens: 10, outputTokens: 1) > delay })
        #expect(report.kvUsage?.first?.usage == 0.5)
        #expect(endpoint.authorizations.withLock { $0 } == ["Bearer key"])
        #expect(Set(endpoint.asked.withLock { $0.map(\.model) }) == ["a", "org/b"])
    }

    /// A heavier load, measured against this one's unloaded latencies, may ask all models.
    @Test func modelsWithoutARequestAreMeasuredAloneToo() async throws {
        let endpoint = ScriptedEndpoint(models: ["a", "org/b"]) { _, _ in .ok }
        let light = [Request(arrival: 0, model: "a", promptTokens: 5, outputTokens: 3)]
        let (first, _) = try await run(light, on: endpoint) { _ in }
        #expect(first.unloaded.map(\.model) == ["a", "b"] && first.service.overall.finished == 1)
        let (second, _) = try await run(requests(4), on: endpoint) { $0.unloaded = first.unloaded }
        #expect(second.service.overall.finished == 4)

        let lacking = ScriptedEndpoint(models: ["a"]) { _, _ in .ok }
        #expect(try await run(light, on: lacking) { _ in }.report.unloaded.map(\.model) == ["a"])
    }

    /// No answer comes before all requests are there: whoever waits for an answer before sending waits for ever.
    @Test func lateAnswersDelayNoRequest() async throws {
        let (count, probes) = (200, 2)
        let endpoint = ScriptedEndpoint(models: ["a", "org/b"]) { _, endpoint in
            let seen = endpoint.asked.withLock { $0.count }
            while seen > probes, endpoint.asked.withLock({ $0.count }) < count + probes {
                try await Task.sleep(for: .milliseconds(5))
            }
            return .ok
        }
        let (report, _) = try await run(requests(count, gap: 0.001), on: endpoint) { [unloaded] in
            $0.unloaded = unloaded
        }
        #expect(report.service.overall.finished == count)
    }

    @Test func failuresAreCountedAndTheRestIsServed() async throws {
        let endpoint = ScriptedEndpoint(models: ["a", "org/b"]) { body, _ in
            if body.promptTokens == 6 { try await Task.sleep(for: .seconds(60)) }
            return body.promptTokens == 5 ? .serviceUnavailable : .ok
        }
        let (report, served) = try await run(requests(6), on: endpoint) { [unloaded] in
            $0.unloaded = unloaded
            // Long enough for the others beside all tests on a busy machine.
            $0.timeout = .seconds(5)
        }
        #expect(Set(report.failures.map(\.kind)) == ["status 503", "timeout"])
        #expect(report.failures.first { $0.kind == "status 503" }?.example == "scripted")
        #expect(report.service.overall.finished == 4 && served.count == 6)
    }

    @Test func anEndpointThatTakesOnlyTextGetsWords() async throws {
        let endpoint = ScriptedEndpoint(models: ["a", "org/b"]) { body, _ in
            body.isText && !body.ignoresEndOfText ? .ok : .badRequest
        }
        let (report, served) = try await run(requests(2), on: endpoint) { [unloaded] in $0.unloaded = unloaded }
        #expect(report.service.overall.finished == 2)
        #expect(served.map(\.record.promptTokens) == [6, 7])
    }

    @Test func aModelThatCompletesNothingIsNamed() async throws {
        let endpoint = ScriptedEndpoint(models: ["a", "org/b"]) { _, _ in .badRequest }
        await #expect(throws: ServingError.cannotComplete(model: "a", reason: "scripted")) {
            _ = try await run(requests(2), on: endpoint) { _ in }
        }
    }

    @Test func unknownModelsEndTheRunAtOnce() async throws {
        let endpoint = ScriptedEndpoint(models: ["a"]) { _, _ in .ok }
        await #expect(throws: ServingError.missingModels(["org/b"], served: ["a"])) {
            _ = try await run(requests(2), on: endpoint) { _ in }
        }
        #expect(endpoint.asked.withLock { $0.isEmpty })
    }

    @Test func anEndpointThatIsNotThereIsNamed() async throws {
        let endpoint = ScriptedEndpoint(models: []) { _, _ in .ok }
        let url = try await endpoint.run { $0 }
        let error = await #expect(throws: ServingError.self) {
            _ = try await LoadGenerator(endpoint: try Endpoint(url: url)).run(
                Load(requests: requests(1), rates: [("a", 1)]))
        }
        #expect(error?.description.contains("cannot be reached") == true)
    }
}
