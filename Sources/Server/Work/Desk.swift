import Hummingbird

/// Where the bodies of requests are read and worked on, and large answers are written, within limits of the server as a
/// whole.
struct Desk: Sendable {
    var bodies: BodyReader
    var workers: WorkerPool
    var connections: ClientConnections
    /// What answers may hold that are not sent yet.
    var answers: ByteBudget
    /// Grammars that requests asked for lately.
    var grammars: GrammarCache

    /// Reads the body of a request and hands it to `body`, on a thread that may be busy for so long.
    ///
    /// - Parameter isHeavy: `body` may take long even where the request is short.
    /// - Throws: `APIError` when the body is too large, too slow, or not JSON of this shape, or too much waits; what
    ///   `body` throws.
    func work<Value: Decodable & SendableMetatype, Result: Sendable>(
        on request: Request, _ context: ServerContext, isHeavy: Bool = false,
        _ body: @escaping @Sendable (Value) throws -> Result
    ) async throws -> Result {
        try await work(onBodyOf: request, context, isHeavy: isHeavy) { [grammars] in
            try body(try $0.decode(Value.self, grammars: grammars))
        }
    }

    /// The same for a body that `body` reads itself.
    func work<Result: Sendable>(
        onBodyOf request: Request, _ context: ServerContext, isHeavy: Bool = false,
        _ body: @escaping @Sendable (ReceivedBody) throws -> Result
    ) async throws -> Result {
        let received = try await bodies.read(request)
        let departure = connections.departure(of: context.channel)
        return try await workers.run(bytes: received.count, isHeavy: isHeavy, unless: departure) { try body(received) }
    }

    /// An answer that may be large: it is sent as fast as its client takes it, and refused where too much waits to be
    /// sent already.
    func answer(_ value: some Encodable) throws -> Response {
        let response = try JSON.encode(value)
        let lease = answers.lease()
        guard lease.grow(by: response.count) else {
            throw APIError.busy("Too many answers wait for their readers.")
        }
        return Response(json: ByteBuffer(bytes: response), holding: lease)
    }
}
