import Synchronization
package import Tracing

/// Makes spans, and hands those that are kept to an exporter when they end.
package struct OTLPTracer: Tracer {
    private let exporter: SpanExporter
    /// The part of the traces that begin here which are kept. Whether others are, their callers have decided.
    private let sample: Double

    package init(exporter: SpanExporter, sample: Double = 1) { (self.exporter, self.sample) = (exporter, sample) }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> OTLPSpan {
        var context = context()
        let parent = context.trace
        var own = parent ?? beginTrace()
        own.span = .random(in: 1...(.max))
        context.trace = own
        return OTLPSpan(
            SpanRecord(
                trace: own, parent: parent?.span, name: operationName, kind: kind,
                start: instant().nanosecondsSinceEpoch), in: context, exporter: own.isSampled ? exporter : nil)
    }

    private func beginTrace() -> TraceContext {
        let trace = (high: UInt64.random(in: 1...(.max)), low: UInt64.random(in: 0...(.max)))
        // By the trace's name, so that all who keep the same part keep the same traces.
        let isKept = Double(trace.low >> 1) < sample * 0x1p63
        return TraceContext(trace: trace, span: 0, isSampled: isKept)
    }

    /// Spans go out by themselves, `SpanExporter.run`.
    package func forceFlush() {}

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: "traceparent", from: carrier) else { return }
        // Longer than what the standard has all pass on is not passed on.
        let state = extractor.extract(key: "tracestate", from: carrier).flatMap { $0.utf8.count <= 512 ? $0 : nil }
        context.trace = TraceContext(traceparent: text, state: state)
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: "traceparent", into: &carrier)
        if let state = trace.state { injector.inject(state, forKey: "tracestate", into: &carrier) }
    }
}

/// What is known of a span.
package struct SpanRecord: Sendable {
    var trace: TraceContext
    var parent: UInt64?
    var name: String
    var kind: SpanKind
    /// Nanoseconds since 1970.
    var start: UInt64
    var end: UInt64 = 0
    var attributes: SpanAttributes = [:]
    var status: SpanStatus?
    var events: [SpanEvent] = []
    var links: [(trace: TraceContext, attributes: SpanAttributes)] = []
}

/// A span until it ends. One that is not kept notes nothing.
package final class OTLPSpan: Span {
    private struct State {
        var record: SpanRecord
        var isOver: Bool
    }

    package let context: InstrumentationContext
    private let exporter: SpanExporter?
    private let state: Mutex<State>

    /// - Parameter exporter: `nil` of a span that is not kept.
    init(_ record: SpanRecord, in context: InstrumentationContext, exporter: SpanExporter?) {
        self.context = context
        self.exporter = exporter
        state = Mutex(State(record: record, isOver: exporter == nil))
    }

    package var isRecording: Bool { state.withLock { !$0.isOver } }

    private func note(_ body: (inout SpanRecord) -> Void) {
        state.withLock { if !$0.isOver { body(&$0.record) } }
    }

    package var operationName: String {
        get { state.withLock { $0.record.name } }
        set { note { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0.record.attributes } }
        set { note { $0.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) { note { $0.status = status } }

    package func addEvent(_ event: SpanEvent) { note { $0.events.append(event) } }

    package func addLink(_ link: SpanLink) {
        guard let trace = link.context.trace else { return }
        note { $0.links.append((trace, link.attributes)) }
    }

    /// As an event of the name and the attribute that OpenTelemetry has for errors.
    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.message"] = "\(error)"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let end = instant().nanosecondsSinceEpoch
        let ended: SpanRecord? = state.withLock { state in
            guard !state.isOver else { return nil }
            state.isOver = true
            state.record.end = max(end, state.record.start)
            return state.record
        }
        if let ended { exporter?.add(ended) }
    }
}
