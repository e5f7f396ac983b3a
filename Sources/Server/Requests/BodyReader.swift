import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads the bodies of requests, within limits of size and time.
struct BodyReader: Sendable {
    /// Bytes of a body that are read away so that its sender comes to see the error, before the connection is cut.
    /// Chosen: eight of the largest bodies.
    private static let patience = 16 << 20

    let limit: Int
    let timeout: Duration
    /// What all bodies may hold together.
    let budget: ByteBudget

    /// - Throws: `APIError` when the body is too large, too slow, or cut short, or where too many are read already.
    func read(_ request: Request) async throws -> ReceivedBody {
        try refuseByHead(request.headers)
        let source = request.body
        return try await withThrowingTaskGroup(of: ReceivedBody?.self) { group in
            group.addTask { try await collect(source) }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let body = try await group.next() ?? nil else { throw APIError.bodyTooSlow }
            return body
        }
    }

    /// Refuses what need not be sent at all.
    private func refuseByHead(_ headers: HTTPFields) throws {
        let announced = headers[.contentLength].flatMap(Int.init) ?? 0
        let waits = headers[.expect]?.lowercased() == "100-continue"
        guard announced <= (waits ? limit : Self.patience) else {
            throw APIError.bodyTooLarge(limit: limit, closesConnection: true)
        }
    }

    private func collect(_ source: RequestBody) async throws -> ReceivedBody {
        var body = ByteBuffer()
        var count = 0
        let lease = budget.lease()
        for try await chunk in source {
            count += chunk.readableBytes
            if count <= limit {
                guard lease.grow(by: chunk.readableBytes) else { throw APIError.tooManyBodies }
                body.writeImmutableBuffer(chunk)
            } else if count > Self.patience {
                throw APIError.bodyTooLarge(limit: limit, closesConnection: true)
            }
        }
        guard count <= limit else { throw APIError.bodyTooLarge(limit: limit, closesConnection: false) }
        return ReceivedBody(bytes: body, lease: lease)
    }
}

/// The body of a request as it came.
struct ReceivedBody: Sendable {
    fileprivate let bytes: ByteBuffer
    /// Held as long as the bytes are.
    fileprivate let lease: ByteBudget.Lease

    var count: Int { bytes.readableBytes }
    /// As it came, for who passes it on; as long as the body is held.
    var buffer: ByteBuffer { bytes }

    /// The body's text, which is JSON: what reads it as YAML meets no aliases, which could name more than they are.
    /// - Throws: `APIError` when it is not text; `DecodingError` when it is not JSON.
    func json() throws -> String {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        _ = try decode(Anything.self)
        return String(decoding: bytes.readableBytesView, as: UTF8.self)
    }

    /// The body as a value of type `type`.
    /// - Parameter grammars: where `GrammarFields` finds what was compiled before.
    /// - Throws: `APIError` when it is not text; `DecodingError` when it is not JSON of this shape.
    func decode<Value: Decodable>(_ type: Value.Type, grammars: GrammarCache? = nil) throws -> Value {
        // The decoder looks at strings only when they are asked for; fields that are ignored must be text as well.
        guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else {
            throw APIError.invalid(nil, "The body is not valid UTF-8.", code: "invalid_json")
        }
        let decoder = JSONDecoder()
        decoder.userInfo = [.requestText: text]
        decoder.userInfo[OrderedJSON.key] = OrderedJSON.Source(text: bytes)
        decoder.userInfo[.grammars] = grammars
        return try decoder.decode(type, from: Data(bytes.readableBytesView))
    }
}
