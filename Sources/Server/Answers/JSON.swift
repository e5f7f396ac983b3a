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
    init(json value: some Encodable, status: HTTPResponse.Status = .ok) throws {
        let body = ByteBuffer(bytes: try JSON.encode(value))
        self.init(status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: body))
    }
}
