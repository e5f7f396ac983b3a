import Access
import HTTPTypes
import Hummingbird
import Synchronization

/// Whether requests are taken that make models work, and how many of them are under way.
final class Drain: Sendable {
    private struct State {
        var isDraining = false
        /// The program is to end when nothing is under way.
        var exits = false
        var underWay = 0

        var isOver: Bool { isDraining && exits && underWay == 0 }
    }

    /// How a drain stands, for those who ask for it.
    struct Report: Encodable {
        var draining: Bool
        var exit: Bool
        var requests: Int
    }

    /// A request under way, until nobody holds this any more.
    final class Lease: Sendable {
        private let drain: Drain

        fileprivate init(_ drain: Drain) { self.drain = drain }

        deinit { drain.leave() }
    }

    private let state = Mutex(State())
    /// Opens when the program is to end.
    let end = Latch()

    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// - Throws: `APIError.draining`.
    func enter() throws(APIError) -> Lease {
        let isTaken = state.withLock { state in
            if !state.isDraining { state.underWay += 1 }
            return !state.isDraining
        }
        guard isTaken else { throw .draining }
        return Lease(self)
    }

    func begin(exits: Bool) -> Report { change { ($0.isDraining, $0.exits) = (true, exits) } }

    func stop() -> Report { change { ($0.isDraining, $0.exits) = (false, false) } }

    private func leave() { _ = change { $0.underWay -= 1 } }

    private func change(_ body: (inout State) -> Void) -> Report {
        let (report, isOver) = state.withLock { state in
            body(&state)
            return (
                Report(draining: state.isDraining, exit: state.exits, requests: state.underWay), state.isOver
            )
        }
        if isOver { end.open() }
        return report
    }
}

/// Lets no request in that makes models work while the server drains.
struct DrainMiddleware: RouterMiddleware {
    typealias Context = ServerContext

    var drain: Drain

    func handle(
        _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard request.method == .post, AccessMiddleware.right(of: request.uri.path) == .serve else {
            return try await next(request, context)
        }
        let lease = try drain.enter()
        var response = try await next(request, context)
        let body = response.body
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            try await body.write(writer)
            withExtendedLifetime(lease) {}
        }
        return response
    }
}
