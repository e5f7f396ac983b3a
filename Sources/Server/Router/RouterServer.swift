import Access
import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
package import Routing
import ServiceLifecycle

/// One endpoint in front of many servers: requests that name a model go to a worker that serves it.
///
/// What it knows of workers is what they announce, so that one that is started anew knows all of them a second later,
/// and any number may run side by side. It checks no client's key: keys go to the workers, as request ids do.
package struct RouterServer: Service {
    package struct Settings: Sendable {
        /// Address, limits and patience towards clients.
        package var server: WeftServer.Configuration
        /// What workers and operators must bear; without it everyone may announce and administer.
        package var secret: String?
        /// URLs of workers that do not announce themselves.
        package var workers: [String] = []
        package var limits = RoutingTable.Limits()

        package init(_ server: WeftServer.Configuration) { self.server = server }
    }

    private let settings: Settings
    private let logger: Logger
    private let onRunning: @Sendable (Int) async -> Void
    private let connections: ClientConnections
    private let dispatcher: Dispatcher

    /// - Parameter onRunning: called with the port once the router listens.
    package init(
        _ settings: Settings, logger: Logger, onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        (self.settings, self.logger, self.onRunning) = (settings, logger, onRunning)
        connections = ClientConnections(
            limit: settings.server.connectionLimit, reserve: settings.server.probeConnections)
        dispatcher = Dispatcher(version: settings.server.version, limits: settings.limits, logger: logger)
    }

    /// Listens until it is cancelled or shut down; answers under way may end until `shutdownTimeout`.
    /// - Throws: when the address cannot be bound.
    package func run() async throws {
        let client = WorkerClient()
        do {
            try await run(client)
            await client.shutdown()
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func run(_ client: WorkerClient) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let listener = Listener(settings: settings.server, connections: connections, logger: logger)
            group.addTask {
                try await listener.application(
                    router(client), settings.server.host, settings.server.port, onRunning
                ).run()
            }
            group.addTask { try await dispatcher.run() }
            for url in settings.workers {
                let probe = StaticWorker(
                    url: url, secret: settings.secret, version: settings.server.version, dispatcher: dispatcher,
                    client: client)
                group.addTask { try await probe.run() }
            }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: settings.server.shutdownTimeout)
                connections.closeAll()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func router(_ client: WorkerClient) -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RequestMiddleware(keepsPrompts: { false }))
        router.add(middleware: ErrorMiddleware())
        let server = settings.server
        let desk = Desk(
            bodies: BodyReader(
                limit: server.bodyLimit, timeout: server.bodyTimeout, budget: ByteBudget(limit: server.bodyMemory)),
            workers: WorkerPool(waitingLimit: server.waitingWork), connections: connections,
            answers: ByteBudget(limit: server.answerMemory), grammars: GrammarCache())

        let proxy = Proxy(dispatcher: dispatcher, client: client, desk: desk)
        for path in ProxiedRequest.writing.union(ProxiedRequest.reading) {
            router.endpoint(.post, RouterPath(path)) { try await proxy.respond($0, $1, at: path) }
        }
        let overview = Overview(dispatcher: dispatcher, client: client, secret: settings.secret)
        router.endpoint(.get, "\(ModelRoutes.path)", overview.models)
        router.endpoint(.get, "\(ModelRoutes.path)/**", overview.model)
        for path in ["/api/tags", "/api/ps"] { router.endpoint(.get, RouterPath(path), overview.ollamaModels) }
        router.endpoint(.get, "/api/version", overview.ofAny)

        let registry = RegistryRoutes(
            dispatcher: dispatcher, desk: desk, secret: settings.secret.map { KeyDigest(of: $0) },
            overview: overview, version: server.version)
        router.on("\(RegistryRoutes.path)", method: .get, use: registry.list)
        router.on("\(RegistryRoutes.path)", method: .post, use: registry.announce)
        router.on("\(RegistryRoutes.path)", method: .delete, use: registry.withdraw)
        router.on("/admin/drain", method: .post) { try registry.drain($0, $1, true) }
        router.on("/admin/drain", method: .delete) { try registry.drain($0, $1, false) }
        router.endpoint(.get, "/admin/status", registry.status)
        router.endpoint(.get, "/metrics", registry.metrics)
        for path in ["/health", "/v1/health", "/ping"] { router.endpoint(.get, RouterPath(path), registry.health) }
        router.endpoint(.get, "/ready", registry.ready)
        router.endpoint(.get, "/version", registry.version)
        return router
    }
}
