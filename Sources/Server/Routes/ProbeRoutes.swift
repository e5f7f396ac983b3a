import Engine
import HTTPTypes
import Hummingbird

/// What load balancers and load generators ask before they send work.
struct ProbeRoutes: Sendable {
    var generator: any TextGenerator
    var version: String
    var drain: Drain

    /// What anyone may ask.
    static let paths = ["/health", "/v1/health", "/ready", "/version", "/ping"]

    /// Whether a path says how the server is, and is answered however many ask for text.
    static func isProbe(_ path: String) -> Bool {
        let path = path.prefix { $0 != "?" }
        // A worker that could not announce itself to a crowded router would be taken for dead.
        return paths.contains { $0 == path } || path == "/metrics" || path.hasPrefix("/admin/")
            || path == RegistryRoutes.path
    }

    private struct Status: Encodable { var status: String }

    private struct Version: Encodable { var version: String }

    /// The process is alive.
    func health(_ request: Request, _ context: ServerContext) throws -> Response {
        try Response(json: Status(status: "ok"))
    }

    /// The models are loaded and take requests.
    func ready(_ request: Request, _ context: ServerContext) async throws -> Response {
        if drain.isDraining { throw APIError.draining }
        guard await generator.isReady else { throw APIError.unavailable("The models are not ready.") }
        return try Response(json: Status(status: "ready"))
    }

    func version(_ request: Request, _ context: ServerContext) throws -> Response {
        try Response(json: Version(version: version))
    }

    func ping(_ request: Request, _ context: ServerContext) -> Response { Response(status: .ok) }
}
