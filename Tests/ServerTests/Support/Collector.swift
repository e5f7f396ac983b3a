import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A collector of OpenTelemetry: takes what comes to `/v1/traces`, and remembers it.
final class Collector: Sendable {
    private struct State {
        var bodies: [String] = []
        var types: [String] = []
        var keys: [String] = []
        /// The statuses of the next answers; 200 behind them.
        var answers: [Int] = []
    }

    private let state = Mutex(State())

    /// Runs a collector on a free port while `body` uses its endpoint.
    static func run(_ body: @Sendable (_ collector: Collector, _ endpoint: String) async throws -> Void) async throws {
        let collector = Collector()
        let router = Router()
        router.post("/v1/traces") { request, _ in
            let text = String(buffer: try await request.body.collect(upTo: 1 << 24))
            return Response(
                status: .init(code: collector.take(text, request.headers)),
                body: .init(byteBuffer: ByteBuffer(string: "{}")))
        }
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { running.yield($0.localAddress?.port ?? 0) }, logger: .silent)
        let services = ServiceGroup(configuration: .init(services: [application], logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { running.finish() }
                try await services.run()
            }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw ServerDidNotStart() }
            try await body(collector, "http://127.0.0.1:\(port)")
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private func take(_ body: String, _ headers: HTTPFields) -> Int {
        state.withLock { state in
            let status = state.answers.isEmpty ? 200 : state.answers.removeFirst()
            if status == 200 {
                state.bodies.append(body)
                state.types.append(headers[.contentType] ?? "")
                state.keys.append(HTTPField.Name("x-key").flatMap { headers[$0] } ?? "")
            }
            return status
        }
    }

    func answer(_ statuses: Int...) { state.withLock { $0.answers = statuses } }

    var bodies: [String] { state.withLock { $0.bodies } }
    var types: Set<String> { state.withLock { Set($0.types) } }
    var keys: Set<String> { state.withLock { Set($0.keys) } }
    var refusesNoMore: Bool { state.withLock { $0.answers.isEmpty } }

    /// All spans that came.
    var spans: [ReceivedSpan] {
        get throws {
            try bodies.flatMap { body in
                try JSONValue(body).resourceSpans?.elements?.flatMap { resource in
                    resource.scopeSpans?.elements?.flatMap { scope in scope.spans?.elements ?? [] } ?? []
                } ?? []
            }.map { ReceivedSpan($0) }
        }
    }
}

/// A span as it came.
struct ReceivedSpan {
    let json: JSONValue

    init(_ json: JSONValue) { self.json = json }

    var name: String { json.name?.asText ?? "" }
    var trace: String { json.traceId?.asText ?? "" }
    var id: String { json.spanId?.asText ?? "" }
    var parent: String? { json.parentSpanId?.asText }
    var start: UInt64 { UInt64(json.startTimeUnixNano?.asText ?? "") ?? 0 }
    var end: UInt64 { UInt64(json.endTimeUnixNano?.asText ?? "") ?? 0 }

    /// An attribute's value, as protobuf writes it.
    subscript(key: String) -> JSONValue? { json.attributes?.elements?.first { $0.key?.asText == key }?.value }
}
