import HTTPTypes
import Hummingbird

extension Router where Context == ServerContext {
    /// Serves `method` at `path`, and tells those who come with another that it is the wrong one.
    func endpoint(
        _ method: HTTPRequest.Method, _ path: RouterPath,
        _ respond: @Sendable @escaping (Request, ServerContext) async throws -> Response
    ) {
        on(path, method: method, use: respond)
        let served: [HTTPRequest.Method] = method == .get ? [.get, .head] : [method]
        let others: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
        for other in others where !served.contains(other) {
            on(path, method: other) { _, _ -> Response in
                throw APIError.methodNotAllowed(other, allowed: served)
            }
        }
    }
}
