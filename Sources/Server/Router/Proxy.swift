import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Routing

/// Passes requests that name a model on to workers, and their answers back.
struct Proxy: Sendable {
    let dispatcher: Dispatcher
    let client: WorkerClient
    let desk: Desk

    /// - Parameter path: the route's own, so that nothing that a client wrote becomes a part of a URL.
    func respond(_ request: Request, _ context: ServerContext, at path: String) async throws -> Response {
        let (asked, body) = try await desk.work(onBodyOf: request, context) { body in
            (try ProxiedRequest(body, path: path), body)
        }
        let demand = asked.demand(model: try model(asked.model))
        let exchange = Exchange(
            dispatch: dispatcher.open(demand), demand: demand, client: client, path: path,
            headers: HTTPHeaders(passedOn: request.headers, requestID: context.requestID), body: body,
            departure: desk.connections.departure(of: context.channel), logger: context.logger)
        return try await exchange.respond()
    }

    /// The model that a client means, by a name that workers have.
    private func model(_ name: String?) throws(APIError) -> String {
        let models = dispatcher.models
        if let name {
            guard name.hasSuffix(Catalogue.tag), !models.contains(name) else { return name }
            return String(name.dropLast(Catalogue.tag.count))
        }
        guard !models.isEmpty else { throw .refused(.noWorkers, model: "") }
        guard models.count == 1 else { throw .modelMissing(models) }
        return models[0]
    }
}

/// One request and all attempts to have it answered.
private struct Exchange: Sendable {
    let dispatch: Dispatch
    let demand: Demand
    let client: WorkerClient
    let path: String
    let headers: HTTPHeaders
    let body: ReceivedBody
    let departure: Latch?
    let logger: Logger

    /// Whole answers up to so many bytes are had in full before their client gets any, so that they can be had
    /// elsewhere until then. Chosen: far more than text takes; vectors and log probabilities may be larger.
    private static let heldBytes = 256 << 10

    /// What came last of who did not want the request.
    private struct Declined {
        var status: HTTPResponse.Status
        var headers: HTTPFields
        var body: ByteBuffer
    }

    /// How the search for a worker that answers ends.
    private enum Outcome {
        case answers(Upstream)
        case declined(Declined)
        case refused(Refusal)
    }

    /// What of an answer came before anything of it goes to the client.
    private enum Opening {
        case whole(ByteBuffer)
        case part(ByteBuffer)
        case events([String])
    }

    // MARK: Before the first byte

    func respond() async throws -> Response {
        var declined: Declined?
        while true {
            switch try await connect(&declined) {
            case .refused(let refusal): throw APIError.refused(refusal, model: demand.model)
            case .declined(let answer):
                return Response(status: answer.status, headers: answer.headers, body: .init(byteBuffer: answer.body))
            case .answers(let upstream):
                guard let opening = try await attempt(upstream, { try await open(upstream) }) else { continue }
                // Of a stream only comments may have come, which are no part of an answer.
                if case .events = opening { return response(upstream, opening) }
                if dispatch.began(upstream.attempt) { return response(upstream, opening) }
            }
        }
    }

    /// Follows orders until a worker answers.
    private func connect(_ declined: inout Declined?) async throws -> Outcome {
        while let order = try await nextOrder() {
            guard case .send(let number, let worker, let url, let recalled) = order else {
                guard case .refuse(let refusal) = order else { break }
                if refusal == .declined, let declined { return .declined(declined) }
                return .refused(refusal)
            }
            var request = HTTPClientRequest(url: url + path)
            request.method = .POST
            request.headers = headers
            request.body = .bytes(body.buffer)
            let sent = request
            let upstream = try await attempt(worker, number) {
                try await Upstream(
                    sent, of: client, to: worker, attempt: number, recalled: recalled, departure: departure)
            }
            guard let upstream else { continue }
            guard upstream.status == .serviceUnavailable || upstream.status == .notFound else {
                return .answers(upstream)
            }
            declined = Declined(
                status: upstream.status, headers: upstream.headers,
                body: try await attempt(upstream) { try await collect(upstream).bytes } ?? ByteBuffer())
            dispatch.failed(number, .declined)
        }
        throw CancellationError()
    }

    private func nextOrder() async throws -> Dispatcher.Order? {
        do { return try await race([departure]) { [dispatch] in await dispatch.next() } } catch is Interruption {
            throw APIError.clientLeft
        }
    }

    private func attempt<Value>(_ upstream: Upstream, _ body: () async throws -> Value) async throws -> Value? {
        try await attempt(upstream.worker, upstream.attempt, body)
    }

    /// Tells how a step of an attempt ended.
    ///
    /// - Returns: `nil` where the next order says what to do.
    /// - Throws: where the client has gone.
    private func attempt<Value>(
        _ worker: Incarnation, _ number: Int, _ body: () async throws -> Value
    ) async throws -> Value? {
        do { return try await body() } catch {
            if departure?.isOpen == true { throw APIError.clientLeft }
            try Task.checkCancellation()
            let reason = error is Interruption ? "its lease is over" : WorkerClient.reason(error)
            logger.warning("worker failed", metadata: ["worker": "\(worker.name)", "reason": "\(reason)"])
            dispatch.failed(number, WorkerClient.isUnreachable(error) ? .unreachable : .broken)
            return nil
        }
    }

    private func open(_ upstream: Upstream) async throws -> Opening {
        if upstream.framing != nil {
            let events = try await upstream.nextEvents() ?? []
            // Nothing of it has gone to the client: another may do better.
            if let first = events.first, Self.isFailure(first) { throw WorkerBrokeOff(event: first) }
            return .events(events)
        }
        let (bytes, isWhole) = try await collect(upstream)
        return isWhole ? .whole(bytes) : .part(bytes)
    }

    private func collect(_ upstream: Upstream) async throws -> (bytes: ByteBuffer, isWhole: Bool) {
        var bytes = ByteBuffer()
        while bytes.readableBytes <= Self.heldBytes {
            guard let chunk = try await upstream.next() else { return (bytes, true) }
            bytes.writeImmutableBuffer(chunk)
        }
        return (bytes, false)
    }

    // MARK: Behind it

    private func response(_ upstream: Upstream, _ opening: Opening) -> Response {
        var headers = upstream.headers
        headers[.xWeftWorker] = upstream.worker.name
        let body: ResponseBody
        switch opening {
        case .whole(let bytes): body = ResponseBody(byteBuffer: bytes)
        case .part(let first):
            body = ResponseBody { writer in
                var next: ByteBuffer? = first
                while let bytes = next {
                    try await writer.write(bytes)
                    next = try await upstream.next()
                }
                try await writer.finish(nil)
                withExtendedLifetime(self) {}
            }
        case .events(let events):
            body = ResponseBody { writer in
                do throws(StreamEnd) {
                    try await pass(upstream, events, to: &writer)
                } catch {
                    switch error {
                    case .clientLeft(let reason): throw reason
                    case .event(let event): try await writer.write(ByteBuffer(string: event))
                    case .error(let error):
                        logger.warning("stream broke off", metadata: ["reason": "\(error.message)"])
                        try await writer.write(ByteBuffer(string: failure(error, upstream)))
                    }
                }
                try await writer.finish(nil)
            }
        }
        return Response(status: upstream.status, headers: headers, body: body)
    }

    /// How a stream ends that does not end well.
    private enum StreamEnd: Error {
        case clientLeft(any Error)
        /// With what the worker itself said.
        case event(String)
        case error(APIError)
    }

    /// Passes a stream on, from one worker after the other where it may be had twice.
    private func pass(
        _ first: Upstream, _ events: [String], to writer: inout any ResponseBodyWriter
    ) async throws(StreamEnd) {
        var (upstream, events, declined) = (first, events, Declined?.none)
        var replay = demand.isRepeatable ? StreamReplay() : nil
        var hasBegun = false
        while true {
            var failure: String?
            reading: while true {
                for event in events {
                    if Self.isFailure(event) {
                        failure = event
                        break reading
                    }
                    if !hasBegun, !event.hasPrefix(":") {
                        guard dispatch.began(upstream.attempt) else { break reading }
                        hasBegun = true
                    }
                    guard let shown = try repeated(event, &replay, upstream) else { continue }
                    do { try await writer.write(ByteBuffer(string: shown)) } catch { throw .clientLeft(error) }
                }
                switch try await step(upstream) {
                case .events(let next): events = next
                case .end:
                    guard replay?.isWhole == false else { return }
                    dispatch.failed(upstream.attempt, .broken)
                    break reading
                case .failed: break reading
                }
            }
            if failure != nil { dispatch.failed(upstream.attempt, .broken) }
            upstream = try await other(&declined, failure)
            replay?.startAgain()
            hasBegun = false
            events = []
        }
    }

    private enum Step {
        case events([String])
        case end
        /// The next order says what to do.
        case failed
    }

    private func step(_ upstream: Upstream) async throws(StreamEnd) -> Step {
        do {
            let step = try await attempt(upstream) { () -> Step in
                try await upstream.nextEvents().map { .events($0) } ?? .end
            }
            return step ?? .failed
        } catch {
            throw .clientLeft(error)
        }
    }

    /// What the client gets of an event.
    private func repeated(
        _ event: String, _ replay: inout StreamReplay?, _ upstream: Upstream
    ) throws(StreamEnd) -> String? {
        guard replay != nil else { return event }
        do { return try replay?.take(event) } catch {
            throw .error(
                .unavailable(
                    "The stream broke off, and worker \(upstream.worker.name), which was to go on with it, gave another text."
                ))
        }
    }

    /// The worker that goes on with a stream.
    ///
    /// - Parameter event: with which the one before broke off.
    private func other(_ declined: inout Declined?, _ event: String?) async throws(StreamEnd) -> Upstream {
        do {
            switch try await connect(&declined) {
            case .answers(let upstream) where upstream.framing != nil:
                logger.info("stream goes on elsewhere", metadata: ["worker": "\(upstream.worker.name)"])
                return upstream
            case .answers(let upstream):
                throw StreamEnd.error(
                    .unavailable("The stream broke off, and worker \(upstream.worker.name) would not go on with it."))
            case .declined:
                throw StreamEnd.error(.unavailable("The stream broke off, and no other worker takes requests now."))
            case .refused(let refusal):
                if let event { throw StreamEnd.event(event) }
                throw StreamEnd.error(.refused(refusal, model: demand.model))
            }
        } catch let error as StreamEnd {
            throw error
        } catch {
            throw .clientLeft(error)
        }
    }

    /// Whether an event tells that a worker breaks off, in any of the APIs.
    private static func isFailure(_ event: String) -> Bool {
        event.hasPrefix("data: {\"error\":") || event.hasPrefix("event: error\n") || event.hasPrefix("{\"error\":")
    }

    /// The event of a stream that breaks off, in the shape of its API.
    private func failure(_ error: APIError, _ upstream: Upstream) -> String {
        func text(_ value: some Encodable) -> String {
            (try? JSON.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        }
        if upstream.framing == .lines { return text(OllamaError(error)) + "\n" }
        if path.hasPrefix(MessagesRoute.path) { return "event: error\ndata: \(text(AnthropicError(error)))\n\n" }
        return "data: \(text(ErrorBody(error)))\n\n"
    }
}

/// A worker told of its failure before it told anything else.
private struct WorkerBrokeOff: Error, CustomStringConvertible {
    var event: String
    var description: String { event.abridged }
}

extension APIError {
    /// What a client is told where no worker answers.
    fileprivate static func refused(_ refusal: Refusal, model: String) -> APIError {
        switch refusal {
        case .noWorkers: .noWorkers
        case .modelNotFound: .modelNotFound(model)
        case .noWorkerInTime, .declined: .unavailable("No worker that serves `\(model.abridged)` takes requests now.")
        case .tooManyWait: .busy("Too many requests wait for a worker already.")
        case .allFailed: .unavailable("All workers that were tried for `\(model.abridged)` failed.")
        case .brokeOff(let worker):
            .unavailable("Worker \(worker) broke off, and the rest of this answer cannot be had elsewhere.")
        }
    }

    static let noWorkers = unavailable(
        "This router knows no worker; `weft serve --announce` makes one, or `weft route --worker` names one.")
}

extension HTTPField.Name {
    /// Which worker answered.
    static let xWeftWorker: HTTPField.Name = {
        guard let name = HTTPField.Name("x-weft-worker") else { preconditionFailure("a header name") }
        return name
    }()
}
