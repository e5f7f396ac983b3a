import HTTPTypes
import Hummingbird

/// Lets pages of other origins ask, as browsers demand. Source: the Fetch standard, "CORS protocol".
struct CrossOriginMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    /// `*` for all.
    var origins: Set<String>

    /// How long a browser may remember. Chosen: Chromium's own limit.
    private static let seconds = 7200
    private static let exposed = "x-request-id, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests"

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], origins.contains("*") || origins.contains(origin) else {
            return try await next(request, context)
        }
        var response: Response
        if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
            response = Response(
                status: .noContent,
                headers: [
                    .accessControlAllowMethods: "GET, POST, DELETE, OPTIONS",
                    .accessControlAllowHeaders: request.headers[.accessControlRequestHeaders] ?? "*",
                    .accessControlMaxAge: "\(Self.seconds)",
                ])
        } else {
            response = try await next(request, context)
            response.headers[.accessControlExposeHeaders] = Self.exposed
        }
        response.headers[.accessControlAllowOrigin] = origins.contains("*") ? "*" : origin
        response.headers[.vary] = "Origin"
        return response
    }
}
