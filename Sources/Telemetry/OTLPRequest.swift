import Tracing

/// Spans as OTLP has them in JSON: `ExportTraceServiceRequest` by the rules of protobuf, with names of traces and spans
/// in hexadecimal digits.
struct OTLPRequest: Encodable {
    private struct ResourceSpans: Encodable {
        var resource: Resource
        var scopeSpans: [ScopeSpans]
    }

    private struct Resource: Encodable { var attributes: [Attribute] }

    private struct ScopeSpans: Encodable {
        var scope: Scope
        var spans: [WrittenSpan]
    }

    private struct Scope: Encodable {
        var name = "weft"
        var version: String
    }

    private var resourceSpans: [ResourceSpans]

    init(_ spans: [SpanRecord], from destination: SpanExporter.Destination) {
        let resource: SpanAttributes = [
            "service.name": .string(destination.service), "service.version": .string(destination.version),
            "telemetry.sdk.language": "swift", "telemetry.sdk.name": "weft",
        ]
        resourceSpans = [
            ResourceSpans(
                resource: Resource(attributes: Attribute.list(resource)),
                scopeSpans: [
                    ScopeSpans(scope: Scope(version: destination.version), spans: spans.map { WrittenSpan($0) })
                ])
        ]
    }
}

private struct WrittenSpan: Encodable {
    struct Event: Encodable {
        var timeUnixNano: String
        var name: String
        var attributes: [Attribute]
    }

    struct Link: Encodable {
        var traceId: String
        var spanId: String
        var traceState: String?
        var attributes: [Attribute]
    }

    struct Status: Encodable {
        var code: Int
        var message: String?
    }

    var traceId: String
    var spanId: String
    var parentSpanId: String?
    var traceState: String?
    /// W3C's flags.
    var flags: Int
    var name: String
    var kind: Int
    var startTimeUnixNano: String
    var endTimeUnixNano: String
    var attributes: [Attribute]
    var events: [Event]
    var links: [Link]
    var status: Status?

    init(_ span: SpanRecord) {
        traceId = span.trace.traceID
        spanId = TraceContext.digits(span.trace.span)
        parentSpanId = span.parent.map(TraceContext.digits)
        traceState = span.trace.state
        flags = span.trace.isSampled ? 1 : 0
        name = span.name
        kind =
            switch span.kind {
            case .internal: 1
            case .server: 2
            case .client: 3
            case .producer: 4
            case .consumer: 5
            }
        (startTimeUnixNano, endTimeUnixNano) = ("\(span.start)", "\(span.end)")
        attributes = Attribute.list(span.attributes)
        events = span.events.map { event in
            Event(
                timeUnixNano: "\(event.nanosecondsSinceEpoch)", name: event.name,
                attributes: Attribute.list(event.attributes))
        }
        links = span.links.map { link in
            Link(
                traceId: link.trace.traceID, spanId: TraceContext.digits(link.trace.span),
                traceState: link.trace.state, attributes: Attribute.list(link.attributes))
        }
        status = span.status.map { Status(code: $0.code == .ok ? 1 : 2, message: $0.message) }
    }
}

private struct Attribute: Encodable {
    indirect enum Value: Encodable {
        case string(String)
        case int(Int64)
        case double(Double)
        case bool(Bool)
        case array([Value])

        private enum Key: String, CodingKey { case stringValue, intValue, doubleValue, boolValue, arrayValue }
        private enum ListKey: String, CodingKey { case values }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            switch self {
            case .string(let text): try container.encode(text, forKey: .stringValue)
            // Protobuf writes 64 bits as a text, as JSON's numbers have fewer.
            case .int(let number): try container.encode("\(number)", forKey: .intValue)
            case .double(let number):
                if number.isFinite {
                    try container.encode(number, forKey: .doubleValue)
                } else {
                    let word = number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity"
                    try container.encode(word, forKey: .doubleValue)
                }
            case .bool(let flag): try container.encode(flag, forKey: .boolValue)
            case .array(let values):
                var list = container.nestedContainer(keyedBy: ListKey.self, forKey: .arrayValue)
                try list.encode(values, forKey: .values)
            }
        }
    }

    var key: String
    var value: Value

    /// By name.
    static func list(_ attributes: SpanAttributes) -> [Attribute] {
        var list: [Attribute] = []
        attributes.forEach { list.append(Attribute(key: $0, value: value($1))) }
        return list.sorted { $0.key < $1.key }
    }

    private static func value(_ attribute: SpanAttribute) -> Value {
        switch attribute {
        case .int32(let number): .int(Int64(number))
        case .int64(let number): .int(number)
        case .double(let number): .double(number)
        case .bool(let flag): .bool(flag)
        case .string(let text): .string(text)
        case .stringConvertible(let value): .string("\(value)")
        case .int32Array(let numbers): .array(numbers.map { .int(Int64($0)) })
        case .int64Array(let numbers): .array(numbers.map { .int($0) })
        case .doubleArray(let numbers): .array(numbers.map { .double($0) })
        case .boolArray(let flags): .array(flags.map { .bool($0) })
        case .stringArray(let texts): .array(texts.map { .string($0) })
        case .stringConvertibleArray(let values): .array(values.map { .string("\($0)") })
        default: .string("\(attribute)")
        }
    }
}
