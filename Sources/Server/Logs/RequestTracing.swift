import Engine
import HTTPTypes
import Hummingbird
import NIOCore
import Tracing

/// Has requests leave spans: one of the server, and for each sequence one of its time in the queue, in prefill and in
/// decode, as the engine counted it.
///
/// Names are those of OpenTelemetry's conventions for HTTP and for generative AI.
struct RequestTracing: Sendable {
    var tracer: any Tracer
    /// As the server is configured.
    var host: String
    var port: Int

    /// Sequences of a request that have spans of their own. Chosen: more than are asked for by hand; texts that are
    /// embedded come by the thousand.
    private static let mostSequences = 16

    /// A span that goes on, of a request that began at `instant`.
    struct Running: Sendable {
        fileprivate var span: any Span
        fileprivate var start: UInt64
    }

    /// - Returns: `nil` of requests that ask how the server is: these come all the time.
    func begin(_ request: Request) -> Running? {
        let path = request.uri.path
        guard !ProbeRoutes.paths.contains(path), path != "/metrics" else { return nil }
        var context = InstrumentationContext.current ?? .topLevel
        tracer.extract(request.headers, into: &context, using: FieldExtractor())
        let now = DefaultTracerClock.now
        // Its name is the route's, which is found later: paths come from clients.
        let span = tracer.startSpan(request.method.rawValue.abridged, context: context, ofKind: .server, at: now)
        return Running(span: span, start: now.nanosecondsSinceEpoch)
    }

    /// - Parameters:
    ///   - path: as it was asked for, abridged.
    ///   - began: when the span was begun.
    func end(
        _ running: Running, _ facts: RequestRecord.Facts, path: String, began: ContinuousClock.Instant,
        context: ServerContext
    ) {
        let span = running.span
        guard span.isRecording else { return span.end() }
        let route = context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil }
        let method = span.operationName
        if let route { span.operationName = "\(method) \(route)" }
        span.updateAttributes { all in
            all["http.request.method"] = method
            all["http.route"] = route
            all["url.path"] = path
            all["http.response.status_code"] = facts.status
            all["server.address"] = host
            all["server.port"] = context.channel.localAddress?.port ?? port
            all["error.type"] = facts.failure
            all["weft.caller"] = facts.caller
            all["gen_ai.request.model"] = facts.model
            guard !facts.sequences.isEmpty else { return }
            all["gen_ai.operation.name"] = route.flatMap { Self.operations[$0] }
            all["gen_ai.provider.name"] = "weft"
            all["gen_ai.response.model"] = facts.target ?? facts.model
            all["gen_ai.usage.input_tokens"] = facts.sequences.reduce(0) { $0 + $1.promptTokens }
            all["gen_ai.usage.output_tokens"] = facts.sequences.reduce(0) { $0 + $1.outputTokens }
            all["gen_ai.usage.cache_read.input_tokens"] = facts.sequences.reduce(0) { $0 + $1.cachedTokens }
            let ends = facts.sequences.compactMap(\.end)
            if !ends.isEmpty { all["gen_ai.response.finish_reasons"] = ends }
        }
        // A client that asks for what is not there, or leaves, is no fault of the server.
        let isClients = facts.status >= 400 || facts.failure == APIError.clientLeft.code
        if facts.status >= 500 || facts.failure != nil && !isClients {
            span.setStatus(SpanStatus(code: .error, message: facts.failure))
        }
        for sequence in facts.sequences.prefix(Self.mostSequences) {
            tell(sequence, from: running.start + UInt64(nanoseconds: sequence.admitted - began), of: span)
        }
        span.end()
    }

    /// The phases of a sequence one after the other, as far as it came.
    private func tell(_ sequence: RequestRecord.Sequence, from start: UInt64, of parent: any Span) {
        let phases = [
            ("queue", sequence.times.queue), ("prefill", sequence.times.prefill), ("decode", sequence.times.decode),
        ]
        var start = start
        for (name, seconds) in phases {
            guard let seconds else { return }
            let end = start + UInt64(nanoseconds: .seconds(seconds))
            let span = tracer.startSpan(
                name, context: parent.context, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: start))
            span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: end))
            start = end
        }
    }

    /// What routes do, in the words of the conventions where these have one.
    private static let operations = [
        "/v1/chat/completions": "chat", "/v1/messages": "chat", "/v1/responses": "chat", "/api/chat": "chat",
        "/v1/completions": "text_completion", "/infill": "text_completion", "/api/generate": "text_completion",
        "/v1/embeddings": "embeddings", "/api/embed": "embeddings", "/api/embeddings": "embeddings",
        "/v1/rerank": "rerank",
    ]

    private struct FieldExtractor: Extractor {
        func extract(key: String, from fields: HTTPFields) -> String? { HTTPField.Name(key).flatMap { fields[$0] } }
    }
}

extension UInt64 {
    /// None of a duration below zero.
    fileprivate init(nanoseconds duration: Duration) { self = UInt64(Swift.max(0, duration / .nanoseconds(1))) }
}
