import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Routing

/// The answer of a worker to one attempt, as far as it has come. To let go of it ends it at the worker too.
final class Upstream: Sendable {
    let worker: Incarnation
    let attempt: Int
    let status: HTTPResponse.Status
    let headers: HTTPFields
    /// How the answer is framed; `nil` for one that comes whole.
    let framing: StreamFraming?
    private let recalled: Latch
    private let departure: Latch?
    // One task at a time pulls.
    private nonisolated(unsafe) var chunks: HTTPClientResponse.Body.AsyncIterator
    private nonisolated(unsafe) var cutter: EventFrames

    /// Chosen: far more than an event takes; what is longer is none of ours.
    private static let longestEvent = 16 << 20

    /// Sends a request and waits for the head of its answer.
    ///
    /// - Parameters:
    ///   - recalled: opens when the router sends the request elsewhere.
    ///   - departure: opens when the client goes.
    /// - Throws: `Interruption`, or why there is no answer.
    init(
        _ request: HTTPClientRequest, of client: WorkerClient, to worker: Incarnation, attempt: Int, recalled: Latch,
        departure: Latch?
    ) async throws {
        let response = try await race([departure, recalled]) { try await client.execute(request) }
        (self.worker, self.attempt, self.recalled, self.departure) = (worker, attempt, recalled, departure)
        status = HTTPResponse.Status(code: Int(response.status.code), reasonPhrase: response.status.reasonPhrase)
        headers = HTTPFields(passedOn: response.headers)
        let type = headers[.contentType] ?? ""
        framing =
            type.hasPrefix("text/event-stream") ? .events : type.hasPrefix("application/x-ndjson") ? .lines : nil
        chunks = response.body.makeAsyncIterator()
        cutter = EventFrames(linesOnly: framing == .lines)
    }

    /// The next bytes; `nil` at the end.
    ///
    /// - Throws: `Interruption`, or why the answer broke off.
    func next() async throws -> ByteBuffer? {
        try await race([departure, recalled]) { [self] in try await chunks.next() }
    }

    /// The next events, each with what ends it; `nil` at the end.
    func nextEvents() async throws -> [String]? {
        while let bytes = try await next() {
            let events = cutter.append(bytes.readableBytesView)
            if !events.isEmpty { return events }
            guard cutter.pending <= Self.longestEvent else { throw EventTooLong() }
        }
        return nil
    }

    private struct EventTooLong: Error {}
}

/// What was waited for is not wanted any more.
struct Interruption: Error {}

/// Returns what `body` gives, unless a latch opens first; then `body` is cancelled.
///
/// - Throws: `Interruption`, or what `body` throws.
func race<Value: Sendable>(
    _ latches: [Latch?], _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: RaceOutcome<Value>.self) { group in
        group.addTask { .value(try await body()) }
        for latch in latches.compactMap(\.self) {
            group.addTask {
                await latch.wait()
                return .interrupted
            }
        }
        defer { group.cancelAll() }
        guard case .value(let value)? = try await group.next() else { throw Interruption() }
        return value
    }
}

private enum RaceOutcome<Value: Sendable>: Sendable {
    case value(Value)
    case interrupted
}

extension HTTPFields {
    /// What belongs to one connection, or is written anew by who sends on. Source: RFC 9110, 7.6.1.
    private static let ofOneHop: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade", "content-length", "host", "expect", "date", "server", "x-request-id",
    ]

    /// The fields of a worker's answer that are the client's.
    init(passedOn headers: HTTPHeaders) {
        self.init()
        for (name, value) in headers where !Self.ofOneHop.contains(name.lowercased()) {
            if let name = HTTPField.Name(name) { append(HTTPField(name: name, value: value)) }
        }
    }
}

extension HTTPHeaders {
    /// The fields of a client's request that are the worker's.
    init(passedOn fields: HTTPFields, requestID: String?) {
        self.init()
        let known = HTTPHeaders(fields.map { ($0.name.canonicalName, $0.value) })
        for field in HTTPFields(passedOn: known) { add(name: field.name.rawName, value: field.value) }
        if let requestID { add(name: HTTPField.Name.xRequestID.rawName, value: requestID) }
    }
}
