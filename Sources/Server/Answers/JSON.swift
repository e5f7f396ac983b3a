import Foundation
import HTTPTypes
import Hummingbird

/// How this server writes JSON: snake case, keys in a fixed order.
enum JSON {
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    static func encode(_ value: some Encodable) throws -> Data { try encoder.encode(value) }
}

extension Response {
    /// As much as is given to a connection at a time; it takes more when its client has read that.
    /// Chosen: NIO's own mark of what is much to hold for a connection.
    private static let piece = 64 << 10

    init(json value: some Encodable, status: HTTPResponse.Status = .ok) throws {
        self.init(json: ByteBuffer(bytes: try JSON.encode(value)), status: status)
    }

    /// - Parameter lease: let go when the answer is sent, or its client is gone.
    init(json bytes: ByteBuffer, status: HTTPResponse.Status = .ok, holding lease: ByteBudget.Lease? = nil) {
        var body = ResponseBody(byteBuffer: bytes)
        if bytes.readableBytes > Self.piece {
            body = ResponseBody(contentLength: bytes.readableBytes) { writer in
                var rest = bytes
                while let piece = rest.readSlice(length: min(Self.piece, rest.readableBytes)), piece.readableBytes > 0 {
                    try await writer.write(piece)
                }
                try await writer.finish(nil)
                withExtendedLifetime(lease) {}
            }
        }
        self.init(status: status, headers: [.contentType: "application/json"], body: body)
    }
}

/// A value that is written as `null` when it is absent, where clients want the key.
@propertyWrapper
struct ExplicitNull<Value: Encodable>: Encodable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let wrappedValue {
            try container.encode(wrappedValue)
        } else {
            try container.encodeNil()
        }
    }
}

extension ExplicitNull: Sendable where Value: Sendable {}
