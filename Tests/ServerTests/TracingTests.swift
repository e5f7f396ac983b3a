import Engine
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Server
import ServiceLifecycle
import Telemetry
import Testing
import Tracing

/// Spans that requests leave, as a collector gets them.
@Suite(.timeLimit(.minutes(10))) struct TracingTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
    private static let chat = #"{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}"#

    private static var limits: SpanExporter.Limits {
        var limits = SpanExporter.Limits()
        (limits.interval, limits.longestPause) = (.milliseconds(5), .milliseconds(20))
        // Machines that test may be slow.
        (limits.timeout, limits.lastTimeout) = (.seconds(30), .seconds(30))
        return limits
    }

    /// Runs a server whose spans go to a collector; they are there when `body` has returned.
    private func traced(
        _ generator: ScriptedGenerator = ScriptedGenerator(), sample: Double = 1,
        configure: (inout WeftServer.Configuration) -> Void = { _ in },
        _ body: @escaping @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws -> Collector {
        var configuration = WeftServer.Configuration(host: "example.org", port: 4711)
        configure(&configuration)
        let settings = configuration
        let (collectors, done) = AsyncStream.makeStream(of: Collector.self)
        try await Collector.run { collector, endpoint in
            let destination = try #require(
                SpanExporter.Destination(
                    endpoint: endpoint + "/",
                    environment: ["OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b", "OTEL_SERVICE_NAME": "chat"]))
            let exporter = SpanExporter(to: destination, limits: Self.limits, logger: .silent)
            var settings = settings
            settings.tracer = OTLPTracer(exporter: exporter, sample: sample)
            let server = WeftServer(generator, configuration: settings, logger: .silent)
            let services = ServiceGroup(configuration: .init(services: [exporter], logger: .silent))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await services.run() }
                try await server.application.test(.router) { try await body($0) }
                await services.triggerGracefulShutdown()
                try await group.waitForAll()
            }
            done.yield(collector)
        }
        for await collector in collectors { return collector }
        throw ServerDidNotStart()
    }

    private static func post(
        _ client: any TestClientProtocol, _ body: String, path: String = "/v1/chat/completions",
        traceparent: String? = nil
    ) async throws {
        var headers: HTTPFields = [:]
        if let traceparent { headers[try #require(HTTPField.Name("traceparent"))] = traceparent }
        _ = try await client.executeRequest(uri: path, method: .post, headers: headers, body: ByteBuffer(string: body))
    }

    @Test(arguments: [chat, chat.dropLast() + #", "stream": true}"#])
    func aRequestContinuesItsCallersTrace(body: String) async throws {
        let before = DefaultTracerClock.now.nanosecondsSinceEpoch
        let collector = try await traced { try await Self.post($0, body, traceparent: Self.parent + "1") }
        let after = DefaultTracerClock.now.nanosecondsSinceEpoch
        let spans = try collector.spans
        #expect(collector.types == ["application/json"] && collector.keys == ["a b"])
        #expect(Set(spans.map(\.trace)) == ["0af7651916cd43dd8448eb211c80319c"])
        #expect(Set(spans.map(\.id)).count == 4 && spans.allSatisfy { $0.id.utf8.count == 16 })
        let root = try #require(spans.first { $0.parent == "b7ad6b7169203331" })
        #expect(root.name == "POST /v1/chat/completions" && root.json.kind == 2 && root.json.flags == 1)
        #expect(before <= root.start && root.start <= root.end && root.end <= after)
        #expect(root.json.status == nil)
        let texts = [
            "http.request.method": "POST", "http.route": "/v1/chat/completions", "url.path": "/v1/chat/completions",
            "server.address": "example.org", "gen_ai.operation.name": "chat", "gen_ai.provider.name": "weft",
            "gen_ai.request.model": "tiny", "gen_ai.response.model": "tiny",
        ]
        for (key, text) in texts { #expect(root[key]?.stringValue?.asText == text, "\(key)") }
        let numbers = [
            "http.response.status_code": "200", "server.port": "4711", "gen_ai.usage.input_tokens": "9",
            "gen_ai.usage.output_tokens": "3", "gen_ai.usage.cache_read.input_tokens": "2",
        ]
        for (key, number) in numbers { #expect(root[key]?.intValue?.asText == number, "\(key)") }
        #expect(root["gen_ai.response.finish_reasons"]?.arrayValue?.values?[0]?.stringValue == "stop")
        #expect(root["error.type"] == nil)
        // The engine's phases, one after the other.
        var start: UInt64?
        for (name, milliseconds) in [("queue", 100), ("prefill", 200), ("decode", 300)] as [(String, UInt64)] {
            let span = try #require(spans.first { $0.name == name })
            #expect(span.parent == root.id && span.json.kind == 1)
            #expect(span.start >= root.start && span.start == start ?? span.start)
            #expect(abs(Double(span.end - span.start) - Double(milliseconds) * 1e6) < 1e3)
            start = span.end
        }
        let resource = try JSONValue(try #require(collector.bodies.first)).resourceSpans?[0]?.resource
        #expect(
            resource?.attributes?.elements?.contains {
                $0.key == "service.name" && $0.value?.stringValue == "chat"
            } == true)
    }

    @Test func aRequestWithoutATraceBeginsOne() async throws {
        let collector = try await traced { client in
            for traceparent in [nil, "garbage", "00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-01"] {
                try await Self.post(client, Self.chat, traceparent: traceparent)
            }
        }
        let roots = try collector.spans.filter { $0.name.hasPrefix("POST") }
        #expect(roots.count == 3 && Set(roots.map(\.trace)).count == 3 && roots.allSatisfy { $0.parent == nil })
        #expect(roots.allSatisfy { $0.trace.utf8.count == 32 })
    }

    /// Callers decide of their traces, `sample` of those that begin here.
    @Test func notEveryTraceIsKept() async throws {
        let unwanted = try await traced { try await Self.post($0, Self.chat, traceparent: Self.parent + "0") }
        #expect(unwanted.bodies.isEmpty)
        let none = try await traced(sample: 0) { client in
            try await Self.post(client, Self.chat)
            try await Self.post(client, Self.chat, traceparent: Self.parent + "1")
        }
        #expect(try none.spans.filter { $0.name.hasPrefix("POST") }.count == 1)
        let half = try await traced(sample: 0.5) { client in
            for _ in 0..<64 { try await Self.post(client, Self.chat) }
        }
        let count = try half.spans.filter { $0.name.hasPrefix("POST") }.count
        #expect((8...56).contains(count), "\(count) of 64: a chance of one in a billion")
    }

    @Test func failuresAreNamed() async throws {
        let lost = Script(failure: .unitFailed(unit: "u", model: "tiny", reason: "lost"))
        let collector = try await traced(ScriptedGenerator(lost)) { client in
            try await Self.post(client, Self.chat)
            try await Self.post(client, Self.chat.dropLast() + #", "stream": true}"#)
            try await Self.post(client, "{")
            try await Self.post(client, "{}", path: "/nowhere/at/all")
            for path in ["/health", "/ready", "/metrics"] {
                _ = try await client.executeRequest(uri: path, method: .get, headers: [:], body: nil)
            }
        }
        let spans = try collector.spans.filter { $0.name.hasPrefix("POST") || $0.name.hasPrefix("GET") }
        #expect(
            spans.compactMap { $0["error.type"]?.stringValue?.asText } == [
                "unavailable", "unavailable", "invalid_json", "not_found",
            ])
        #expect(spans.map { $0.json.status?.code?.asNumber } == [2, 2, nil, nil])
        #expect(spans.last?.name == "POST", "a path that nobody serves is no name of a span")
        #expect(spans.count == 4, "who asks how the server is leaves no span")
    }

    @Test func aliasesAreTold() async throws {
        let body = Self.chat.replacing("tiny", with: "gpt")
        let collector = try await traced(configure: { $0.aliases = ["gpt": "tiny"] }) { try await Self.post($0, body) }
        let root = try #require(try collector.spans.first { $0.name.hasPrefix("POST") })
        #expect(root["gen_ai.request.model"]?.stringValue == "gpt")
        #expect(root["gen_ai.response.model"]?.stringValue == "tiny")
    }

    // MARK: The exporter

    private func exporting(
        to endpoint: String, _ limits: SpanExporter.Limits = limits,
        _ body: @Sendable (SpanExporter, OTLPTracer) async throws -> Void
    ) async throws {
        let destination = try #require(SpanExporter.Destination(endpoint: endpoint, environment: [:]))
        let exporter = SpanExporter(to: destination, limits: limits, logger: .silent)
        let services = ServiceGroup(configuration: .init(services: [exporter], logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            try await body(exporter, OTLPTracer(exporter: exporter))
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    @Test func whatACollectorRefusesIsSentAgain() async throws {
        try await Collector.run { collector, endpoint in
            collector.answer(503, 429, 502)
            try await exporting(to: endpoint) { exporter, tracer in
                for number in 0..<1300 { tracer.startSpan("s\(number)", context: .topLevel).end() }
                try await eventually { exporter.sent == 1300 }
                #expect(exporter.dropped == 0)
            }
            #expect(try collector.spans.map(\.name) == (0..<1300).map { "s\($0)" })
            #expect(collector.bodies.count == 3, "512 at a time")
        }
    }

    @Test func whatACollectorWillNeverTakeIsDropped() async throws {
        try await Collector.run { collector, endpoint in
            collector.answer(400)
            try await exporting(to: endpoint) { exporter, tracer in
                tracer.startSpan("bad", context: .topLevel).end()
                try await eventually { exporter.dropped == 1 }
                tracer.startSpan("good", context: .topLevel).end()
                try await eventually { exporter.sent == 1 }
            }
            #expect(try collector.spans.map(\.name) == ["good"])
        }
    }

    /// Nobody listens on port 9 here: what does not fit waits for nobody.
    @Test func withoutACollectorSpansAreDroppedAndCounted() async throws {
        var limits = Self.limits
        (limits.queue, limits.timeout, limits.lastTimeout) = (100, .milliseconds(100), .milliseconds(100))
        try await exporting(to: "http://127.0.0.1:9", limits) { exporter, tracer in
            for _ in 0..<1000 { tracer.startSpan("s", context: .topLevel).end() }
            #expect(exporter.dropped >= 1000 - 2 * 100 && exporter.sent == 0)
        }
    }

    @Test func aSpanEndsOnce() async throws {
        try await Collector.run { collector, endpoint in
            try await exporting(to: endpoint) { exporter, tracer in
                let span = tracer.startSpan("s", context: .topLevel)
                span.recordError(ServerDidNotStart())
                span.attributes["list"] = [1.5, .infinity]
                span.end()
                span.attributes["late"] = true
                span.end()
                #expect(!span.isRecording)
                try await eventually { exporter.sent == 1 }
            }
            let span = try #require(try collector.spans.first)
            #expect(span["late"] == nil)
            #expect(span["list"]?.arrayValue?.values?[0]?.doubleValue == 1.5)
            #expect(span["list"]?.arrayValue?.values?[1]?.doubleValue == "Infinity")
            #expect(span.json.events?[0]?.name == "exception")
        }
    }

    /// The very bytes, read by OpenTelemetry's own definitions.
    @Test func protobufReadsTheSame() async throws {
        let collector = try await traced { client in
            try await Self.post(client, Self.chat, traceparent: Self.parent + "1")
            try await Self.post(client, "{")
        }
        try #require(!collector.bodies.isEmpty)
        let file = FileManager.default.temporaryDirectory.appending(path: "weft-\(UUID().uuidString).json")
        try collector.bodies.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let (status, output) = try await ClientTests.run("otlp.py", [file.path])
        if status == ClientTests.skipped { return print("SKIPPED: otlp.py did not run. \(output)") }
        #expect(status == 0, "\(output)")
    }
}
