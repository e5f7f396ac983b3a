import Access
import HTTPTypes
import Hummingbird
import Logging

/// Asks for keys, and lets nobody do what a key is not for.
struct AccessMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    /// `nil` where everyone may do everything.
    var control: AccessControl?

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let control, control.hasKeys, let right = Self.right(of: request.uri.path) else {
            return try await next(request, context)
        }
        guard let secret = Self.secret(in: request.headers) else {
            throw APIError.unauthenticated("A key is needed: `Authorization: Bearer KEY`.")
        }
        guard let key = control.key(withSecret: secret) else {
            throw APIError.unauthenticated("The key is not known here.")
        }
        guard key.rights.contains(right) else {
            throw APIError.forbidden("The key `\(key.name)` has no right to \(right.rawValue).")
        }
        var context = context
        context.logger[metadataKey: "caller"] = "\(key.name)"
        RequestRecord.current?.note { $0.caller = key.name }
        let caller = Caller(key: key, control: control)
        // Only what makes models work is counted.
        guard right == .serve, request.method == .post else {
            return try await Caller.$current.withValue(caller) { try await next(request, context) }
        }
        let lease = try Caller.Lease(caller)
        var response = try await Caller.$current.withValue(caller) { try await next(request, context) }
        for field in HTTPFields(control.left(key)) { response.headers[field.name] = field.value }
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            withExtendedLifetime(lease) {}
        }
        return response
    }

    /// What it takes to ask for a path; `nil` where anyone may, as balancers do that have no key.
    ///
    /// Paths are taken apart as the router does it, to which `//admin/` and `/admin` are the same.
    static func right(of path: String) -> AccessKey.Right? {
        let parts = path.split(separator: "/")
        if parts.first == "metrics" || parts.first == "admin" { return .admin }
        return (ProbeRoutes.paths + PageRoutes.paths).contains { $0.split(separator: "/") == parts } ? nil : .serve
    }

    /// OpenAI's field, or Anthropic's.
    private static func secret(in headers: HTTPFields) -> String? {
        if let value = headers[.authorization] {
            let parts = value.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
            return String(parts[1])
        }
        return headers[.xAPIKey]
    }
}
