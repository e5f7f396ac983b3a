import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Turns every error into an answer that OpenAI's clients understand.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    /// How long a client that still sends may take to read the answer before its connection is cut.
    private static let farewell = TimeAmount.seconds(1)

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return try Response(.pathNotFound(request.uri.path))
        } catch {
            let answer = APIError(error)
            if answer.status.code >= 500 {
                context.logger.error("Request failed: \(String(describing: error).abridged)")
            }
            if answer.closesConnection {
                let channel = context.channel
                channel.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
            }
            return try Response(answer)
        }
    }
}
