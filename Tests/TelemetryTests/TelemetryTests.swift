import Logging
import Telemetry
import Testing
import Tracing

/// Where a span stands in a trace, as it is written and read.
struct TelemetryTests {
    private static let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func aTraceparentIsReadAndWritten() throws {
        let context = try #require(TraceContext(traceparent: Self.text))
        #expect(context.trace.high == 0x0af7_6519_16cd_43dd && context.trace.low == 0x8448_eb21_1c80_319c)
        #expect(context.span == 0xb7ad_6b71_6920_3331 && context.isSampled)
        #expect(context.traceparent == Self.text)
        let unsampled = try #require(TraceContext(traceparent: Self.text.dropLast() + "2"))
        #expect(!unsampled.isSampled && unsampled.traceparent.hasSuffix("-00"))
    }

    @Test(arguments: [
        "", "00", text + "-", text + "0", String(text.dropLast()), text.uppercased(), "ff" + text.dropFirst(2),
        "0g" + text.dropFirst(2), text.replacing("-", with: "_"),
        text.replacing("b7ad6b7169203331", with: "0000000000000000"),
        text.replacing("0af7651916cd43dd8448eb211c80319c", with: String(repeating: "0", count: 32)),
        "01" + text.dropFirst(2) + "x", String(repeating: "é", count: 40),
    ])
    func whatIsNoneBeginsATrace(text: String) { #expect(TraceContext(traceparent: text) == nil) }

    @Test func laterVersionsMaySayMore() {
        #expect(TraceContext(traceparent: "01" + Self.text.dropFirst(2)) != nil)
        #expect(TraceContext(traceparent: "cc" + Self.text.dropFirst(2) + "-what-comes") != nil)
    }

    private struct Fields: Extractor, Injector {
        func extract(key: String, from fields: [String: String]) -> String? { fields[key] }
        func inject(_ value: String, forKey key: String, into fields: inout [String: String]) { fields[key] = value }
    }

    @Test func contextsArePassedOn() throws {
        let destination = try #require(SpanExporter.Destination(endpoint: "http://a", environment: [:]))
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let tracer = OTLPTracer(exporter: SpanExporter(to: destination, logger: silent))
        var context = InstrumentationContext.topLevel
        tracer.extract(["traceparent": Self.text, "tracestate": "a=1"], into: &context, using: Fields())
        let span = tracer.startSpan("s", context: context)
        var fields: [String: String] = [:]
        tracer.inject(span.context, into: &fields, using: Fields())
        #expect(fields["tracestate"] == "a=1")
        #expect(fields["traceparent"]?.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") == true)
        #expect(fields["traceparent"] != Self.text)
    }

    @Test func theEnvironmentNamesAnEndpoint() {
        func url(_ endpoint: String?, _ environment: [String: String]) -> String? {
            SpanExporter.Destination(endpoint: endpoint, environment: environment)?.url
        }
        let base = ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://b:4318/"]
        #expect(url(nil, [:]) == nil && url(nil, ["OTEL_EXPORTER_OTLP_ENDPOINT": ""]) == nil)
        #expect(url(nil, base) == "http://b:4318/v1/traces")
        #expect(url("http://a:1", base) == "http://a:1/v1/traces")
        let exact = base.merging(["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c/x"]) { $1 }
        #expect(url(nil, exact) == "http://c/x" && url("http://a:1", exact) == "http://a:1/v1/traces")
    }
}
