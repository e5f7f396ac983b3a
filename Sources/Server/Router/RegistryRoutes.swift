import Access
import Foundation
import HTTPTypes
import Hummingbird
import Routing

/// `/registry`, where workers announce themselves, and what operators ask of a router.
struct RegistryRoutes: Sendable {
    static let path = "/registry"

    let dispatcher: Dispatcher
    let desk: Desk
    /// `nil` where everyone may announce and administer.
    let secret: KeyDigest?
    let overview: Overview
    let version: String

    /// Of an announcement: far more than names of a thousand models take.
    private static let mostBytes = 256 << 10

    private struct Entries: Encodable { var workers: [Announcement] }

    private struct Status: Encodable { var status: String }

    private struct Version: Encodable { var version: String }

    private struct Drained: Encodable {
        var worker: String
        var draining: Bool
    }

    // MARK: Workers

    func list(_ request: Request, _ context: ServerContext) async throws -> Response {
        try authorize(request, context)
        return try Response(json: Entries(workers: dispatcher.workers.map(\.announcement)))
    }

    func announce(_ request: Request, _ context: ServerContext) async throws -> Response {
        try authorize(request, context)
        let announcement = try await desk.work(onBodyOf: request, context) { body in
            guard body.count <= Self.mostBytes else {
                throw APIError.bodyTooLarge(limit: Self.mostBytes, closesConnection: false)
            }
            return try body.decode(Announcement.self)
        }
        guard WorkerURL.isValid(announcement.url) else { throw APIError.invalid("url", "`url` is no http URL.") }
        do {
            return try Response(json: try dispatcher.announce(announcement))
        } catch let refusal as AnnouncementRefusal {
            throw APIError(refusal)
        }
    }

    /// `?worker=NAME&epoch=N` goes.
    func withdraw(_ request: Request, _ context: ServerContext) async throws -> Response {
        try authorize(request, context)
        let name = try name(request)
        guard let epoch = request.uri.queryParameters["epoch"].flatMap({ Int($0) }) else {
            throw APIError.invalid("epoch", "`epoch` must be the worker's.")
        }
        dispatcher.withdraw(Incarnation(name: name, epoch: epoch))
        return try Response(json: Status(status: "withdrawn"))
    }

    // MARK: Operators

    /// `?worker=NAME` gets nothing new, or something again.
    func drain(_ request: Request, _ context: ServerContext, _ isDraining: Bool) throws -> Response {
        try authorize(request, context)
        let name = try name(request)
        guard dispatcher.setDraining(isDraining, name) else {
            let names = dispatcher.workers.map(\.announcement.worker.name).joined(separator: ", ")
            throw APIError.invalid("worker", "There is no worker `\(name.abridged)`; there are [\(names)].")
        }
        return try Response(json: Drained(worker: name, draining: isDraining))
    }

    /// The table, and each worker's own status.
    func status(_ request: Request, _ context: ServerContext) async throws -> Response {
        try authorize(request, context)
        return try await overview.status()
    }

    func metrics(_ request: Request, _ context: ServerContext) async throws -> Response {
        try authorize(request, context)
        return await overview.metrics()
    }

    func health(_ request: Request, _ context: ServerContext) throws -> Response {
        try Response(json: Status(status: "ok"))
    }

    /// Each model that any worker has is served by one that takes requests.
    func ready(_ request: Request, _ context: ServerContext) throws -> Response {
        guard dispatcher.isReady else {
            if dispatcher.workers.isEmpty { throw APIError.noWorkers }
            throw APIError.unavailable("Some model has no worker that takes requests.")
        }
        return try Response(json: Status(status: "ready"))
    }

    func version(_ request: Request, _ context: ServerContext) throws -> Response {
        try Response(json: Version(version: version))
    }

    private func name(_ request: Request) throws -> String {
        guard let name = request.uri.queryParameters["worker"] else {
            throw APIError.invalid("worker", "`worker` must name one.")
        }
        return String(name).removingPercentEncoding ?? String(name)
    }

    /// - Throws: `APIError` with status 401 where the caller does not bear the secret.
    private func authorize(_ request: Request, _ context: ServerContext) throws {
        guard let secret else { return }
        let given = request.headers[.authorization].flatMap { $0.hasPrefix("Bearer ") ? $0.dropFirst(7) : nil }
        guard let given, KeyDigest(of: String(given)) == secret else {
            let from = context.channel.remoteAddress?.ipAddress ?? "somewhere"
            dispatcher.complain(
                "\(given == nil ? "no secret" : "a wrong secret") came from \(from): this router and its workers must "
                    + "have the same one")
            throw APIError.unauthenticated("The secret is not this router's.")
        }
    }
}

extension APIError {
    /// Why a worker is not heard.
    fileprivate init(_ refusal: AnnouncementRefusal) {
        switch refusal {
        case .fenced:
            self.init(status: .conflict, message: refusal.description, code: "fenced")
        case .wrongVersion, .wrongLease:
            self.init(status: .badRequest, message: refusal.description, code: "worker_refused")
        }
    }
}

/// URLs of workers and routers: a scheme, a host, perhaps a port, and nothing more.
package enum WorkerURL {
    package static func isValid(_ text: String) -> Bool {
        guard let url = URLComponents(string: text), url.scheme == "http" || url.scheme == "https" else { return false }
        return url.host?.isEmpty == false && url.path.isEmpty && url.query == nil && url.user == nil
    }
}
