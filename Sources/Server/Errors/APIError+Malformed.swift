import HTTPTypes
import NIOHTTP1

/// What a client is told of bytes that are no request of HTTP/1.1.
extension APIError {
    /// What is wrong with a head that the parser took; `nil` for nothing.
    static func malformed(_ head: HTTPRequestHead) -> APIError? {
        let hosts = head.headers["host"]
        let codings = head.headers[canonicalForm: "transfer-encoding"]
        let lengths = head.headers[canonicalForm: "content-length"]
        // RFC 9112, 3.2: exactly one, with a value that names one host.
        if hosts.count > 1 || (hosts.isEmpty && head.version != .http1_0) {
            return .malformed("A request must have one Host field; this one has \(hosts.count).")
        }
        if hosts.contains(where: { $0.contains { $0.isWhitespace || $0 == "," } }) {
            return .malformed("The Host field does not name a host.")
        }
        if codings.contains(where: { $0.lowercased() != "chunked" }) {
            return .malformed("The only transfer coding that is known here is chunked.", .notImplemented)
        }
        if codings.count > 1 || (!codings.isEmpty && (!lengths.isEmpty || head.version == .http1_0)) {
            return .malformed("The length of the body is given in two ways.")
        }
        if lengths.contains(where: { Int($0) == nil }) {
            return .malformed("The Content-Length is not a number of bytes.")
        }
        return nil
    }

    static func malformed(_ error: HTTPParserError) -> APIError {
        switch error {
        case .headerOverflow:
            .malformed("The fields of the request are too long or too many.", .requestHeaderFieldsTooLarge)
        case .invalidVersion: .malformed("The only version spoken here is HTTP/1.1.", .httpVersionNotSupported)
        case .invalidEOFState: .malformed("The request was cut short.")
        default: .malformed("This is not a request of HTTP/1.1.")
        }
    }

    private static func malformed(_ message: String, _ status: HTTPResponse.Status = .badRequest) -> APIError {
        APIError(status: status, message: message, code: "malformed_request", closesConnection: true)
    }
}
