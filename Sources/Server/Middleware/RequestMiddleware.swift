import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Gives each request the name that its client chose, or one of its own, in the answer and in the log; and tells the
/// log and the trace what became of it when its answer is sent.
struct RequestMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    /// Whether prompts are logged now.
    var keepsPrompts: @Sendable () -> Bool
    /// `nil` where nothing is traced.
    var tracing: RequestTracing?

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let id = request.headers[.xRequestID].flatMap(Self.accepted) ?? Identifier.random()
        var context = context
        context.requestID = id
        context.logger[metadataKey: "request"] = "\(id)"
        // Hummingbird's own number for it.
        context.logger[metadataKey: "hb.request.id"] = nil
        let record = RequestRecord(keepsPrompts: keepsPrompts())
        let ending = Ending(of: request, record, tracing, context)
        var response = try await RequestRecord.$current.withValue(record) { try await next(request, context) }
        response.headers[.xRequestID] = id
        let (status, body) = (response.status.code, response.body)
        record.note { $0.status = status }
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            do {
                try await RequestRecord.$current.withValue(record) { try await body.write(writer) }
            } catch {
                record.fail(.clientLeft)
                ending.tell()
                throw error
            }
            ending.tell()
        }
        return response
    }

    /// A name that can be repeated in a header and in a log line.
    private static func accepted(_ id: String) -> String? {
        (1...128).contains(id.utf8.count) && id.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? id : nil
    }
}

/// The end of a request: when its answer is sent, or when nobody has the answer any more.
private final class Ending: Sendable {
    private let method: String
    private let path: String
    private let record: RequestRecord
    private let tracing: RequestTracing?
    private let span: RequestTracing.Running?
    private let context: ServerContext
    private let isTold = Mutex(false)

    init(of request: Request, _ record: RequestRecord, _ tracing: RequestTracing?, _ context: ServerContext) {
        (method, path) = (request.method.rawValue.abridged, request.uri.path.abridged)
        (self.record, self.tracing, self.context) = (record, tracing, context)
        span = tracing?.begin(request)
    }

    deinit { tell() }

    func tell() {
        let wasTold = isTold.withLock { isTold in
            defer { isTold = true }
            return isTold
        }
        guard !wasTold else { return }
        let facts = record.facts
        if let span { tracing?.end(span, facts, path: path, began: record.began, context: context) }
        var metadata = facts.metadata(seconds: (ContinuousClock.now - record.began) / .seconds(1))
        (metadata["method"], metadata["path"]) = ("\(method)", "\(path)")
        // Workers announce themselves once a second.
        context.logger.log(level: path == RegistryRoutes.path ? .debug : .info, "request ended", metadata: metadata)
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
