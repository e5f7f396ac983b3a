import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// Turns every error into an answer that clients understand.
struct ErrorMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            let answer = APIError.pathNotFound(request.uri.path)
            RequestRecord.current?.fail(answer)
            return try response(answer, to: request)
        } catch {
            let answer = APIError(error)
            RequestRecord.current?.fail(answer)
            // Of what the server itself refuses the request's own line tells.
            if answer.status.code >= 500, !(error is APIError) {
                context.logger.error("Request failed: \(String(describing: error).abridged)")
            }
            if answer.closesConnection {
                let channel = context.channel
                channel.eventLoop.scheduleTask(in: ConnectionHandler.farewell) { channel.close(promise: nil) }
            }
            return try response(answer, to: request)
        }
    }

    /// The error in the shape of the API that was spoken.
    private func response(_ error: APIError, to request: Request) throws -> Response {
        let path = request.uri.path
        if path.hasPrefix(MessagesRoute.path) { return try Response(error, AnthropicError(error)) }
        if path.hasPrefix(OllamaRoutes.path) { return try Response(error, OllamaError(error)) }
        return try Response(error, ErrorBody(error))
    }
}
