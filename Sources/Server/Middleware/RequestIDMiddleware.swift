import HTTPTypes
import Hummingbird
import Logging

/// Gives each request the name that its client chose, or one of its own, in the answer and in the log.
struct RequestIDMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let id = request.headers[.xRequestID].flatMap(Self.accepted) ?? Identifier.random()
        var context = context
        context.requestID = id
        context.logger[metadataKey: "request"] = "\(id)"
        var response = try await next(request, context)
        response.headers[.xRequestID] = id
        context.logger.info(
            "\(request.method.rawValue.abridged) \(request.uri.path.abridged) \(response.status.code)")
        return response
    }

    /// A name that can be repeated in a header and in a log line.
    private static func accepted(_ id: String) -> String? {
        (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? id : nil
    }
}

/// Names for requests and answers that no two share.
enum Identifier {
    /// 32 hexadecimal digits.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
