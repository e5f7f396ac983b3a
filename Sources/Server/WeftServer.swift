import Access
package import Engine
import HTTPTypes
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle

/// Serves the models of a text generator over HTTP, as OpenAI's API does.
///
/// A client that goes away frees its sequences. On graceful shutdown no new connection is taken, and answers under way
/// may end until `Configuration.shutdownTimeout`; then they break off with an error.
package struct WeftServer: Service {
    private let generator: any TextGenerator
    private let administration: (any ModelAdministration)?
    private let settings: Configuration
    private let logger: Logger
    private let log: LogWriter?
    private let onRunning: @Sendable (Int) async -> Void
    private let connections: ClientConnections
    private let desk: Desk
    private let deadline = Latch()
    private let drain = Drain()

    /// How long clients may take to read that their answers broke off, and how long all those answers may take where
    /// the machine is busy. Chosen: several round trips; with the time before it, less than Kubernetes waits.
    private static let farewell = (least: Duration.milliseconds(500), most: Duration.seconds(5))

    /// - Parameters:
    ///   - administration: what `/admin`, `/metrics` and the page speak for; without it they do not exist.
    ///   - log: whose dropped lines `/metrics` counts.
    ///   - onRunning: called with the port once the server listens.
    package init(
        _ generator: any TextGenerator, administration: (any ModelAdministration)? = nil,
        configuration: Configuration, logger: Logger, log: LogWriter? = nil,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.generator = generator
        self.administration = administration
        settings = configuration
        connections = ClientConnections(
            limit: configuration.connectionLimit, reserve: configuration.probeConnections)
        desk = Desk(
            bodies: BodyReader(
                limit: configuration.bodyLimit, timeout: configuration.bodyTimeout,
                budget: ByteBudget(limit: configuration.bodyMemory)),
            workers: WorkerPool(waitingLimit: configuration.waitingWork), connections: connections,
            answers: ByteBudget(limit: configuration.answerMemory), grammars: GrammarCache())
        self.logger = logger
        self.log = log
        self.onRunning = onRunning
    }

    /// Listens until it is cancelled or shut down.
    /// - Throws: when an address cannot be bound.
    package func run() async throws {
        async let _ = limitShutdown()
        async let _ = endWhenDrained()
        guard let address = settings.adminAddress else { return try await application.run() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            group.addTask {
                // The page asks there for models and answers, as a browser lets it ask nobody else.
                let everything = router { router in
                    addModels(to: router)
                    addAdministration(to: router)
                }
                let admin = listener(everything, address.host, address.port) { port in
                    logger.info("administration", metadata: ["address": "\(address.host):\(port)"])
                }
                try await admin.run()
            }
            try await group.next()
            group.cancelAll()
        }
    }

    /// The routes and the listener, as Hummingbird's test client takes them; `run` adds the deadline of a shutdown.
    package var application: some ApplicationProtocol {
        let router = router { router in
            addModels(to: router)
            if settings.adminAddress == nil { addAdministration(to: router) }
        }
        return listener(router, settings.host, settings.port, onRunning)
    }

    /// The paths of all routes but those of the page, in whatever place they are served.
    package var paths: Set<String> {
        let router = router { router in
            addModels(to: router)
            addAdministration(to: router)
        }
        return Set(router.routes.map(\.path.description)).subtracting(PageRoutes.paths)
    }

    private func listener(
        _ router: Router<ServerContext>, _ host: String, _ port: Int,
        _ onRunning: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        Listener(settings: settings, connections: connections, logger: logger)
            .application(router, host, port, onRunning)
    }

    /// A router of what every address answers, and of what `add` adds.
    private func router(_ add: (Router<ServerContext>) -> Void) -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: .autoGenerateHeadEndpoints)
        let tracing = settings.tracer.map {
            RequestTracing(tracer: $0, host: settings.host, port: settings.port)
        }
        router.add(
            middleware: RequestMiddleware(
                keepsPrompts: { [log] in log?.settings.prompts ?? false }, tracing: tracing))
        if !settings.origins.isEmpty { router.add(middleware: CrossOriginMiddleware(origins: Set(settings.origins))) }
        router.add(middleware: ErrorMiddleware())
        router.add(middleware: AccessMiddleware(control: settings.access))
        router.add(middleware: DrainMiddleware(drain: drain))
        let probes = ProbeRoutes(generator: generator, version: settings.version, drain: drain)
        router.endpoint(.get, "/health", probes.health)
        router.endpoint(.get, "/v1/health", probes.health)
        router.endpoint(.get, "/ready", probes.ready)
        router.endpoint(.get, "/version", probes.version)
        router.endpoint(.get, "/ping", probes.ping)
        add(router)
        return router
    }

    private func addAdministration(to router: Router<ServerContext>) {
        guard let administration else { return }
        let admin = AdminRoutes(
            administration: administration, desk: desk, log: log, droppedSpans: settings.droppedSpans, drain: drain,
            reloading: settings.reload, replacer: settings.replacer)
        router.endpoint(.get, "/metrics", admin.metrics)
        router.endpoint(.get, "/admin/status", admin.status)
        router.endpoint(.get, "/admin/events", EventsRoute(administration: administration).respond)
        router.endpoint(.post, "\(AdminRoutes.models)", admin.load)
        router.endpoint(.delete, "\(AdminRoutes.models)/**", admin.unload)
        router.endpoint(.post, "/admin/reload", admin.reload)
        router.endpoints("/admin/placement", [.get: admin.placement, .post: admin.replace])
        router.endpoints("/admin/drain", [.post: admin.beginDrain, .delete: admin.endDrain])
        PageRoutes().add(to: router)
    }

    private func addModels(to router: Router<ServerContext>) {
        let generator = CallersGenerator(base: generator, aliases: settings.aliases)
        let models = ModelRoutes(generator: generator, aliases: settings.aliases)
        router.endpoint(.get, "\(ModelRoutes.path)", models.list)
        router.endpoint(.get, "\(ModelRoutes.path)/**", models.retrieve)
        router.endpoint(.get, "\(OpenAPIRoute.path)", OpenAPIRoute(version: settings.version).respond)

        let tokenize = TokenizeRoutes(generator: generator, desk: desk, answerLimit: settings.answerLimit)
        router.endpoint(.post, "/tokenize", tokenize.tokenize)
        router.endpoint(.post, "/detokenize", tokenize.detokenize)

        let generations = Generations(
            generator: generator, desk: desk, deadline: deadline, keepAliveInterval: settings.keepAliveInterval)
        let chat = ChatRoute(generations: generations, desk: desk, version: settings.version)
        router.endpoint(.post, "/v1/chat/completions", chat.respond)
        router.endpoint(.post, "/apply-template", chat.applyTemplate)
        router.endpoint(
            .post, "/v1/responses", ResponsesRoute(generations: generations, desk: desk).respond)
        let messages = MessagesRoute(generations: generations, desk: desk)
        router.endpoint(.post, "\(MessagesRoute.path)", messages.respond)
        router.endpoint(.post, "\(MessagesRoute.path)/count_tokens", messages.countTokens)
        let completions = CompletionRoute(generations: generations, desk: desk, version: settings.version)
        router.endpoint(.post, "/v1/completions", completions.respond)
        let reader = TextReader(generator: generator, desk: desk, deadline: deadline)
        let embeddings = EmbeddingsRoute(reader: reader, answerLimit: settings.vectorLimit)
        router.endpoint(.post, "/v1/embeddings", embeddings.respond)
        router.endpoint(.post, "/v1/rerank", RerankRoute(reader: reader).respond)
        router.endpoint(.post, "/infill", InfillRoute(generations: generations, desk: desk).respond)

        let ollama = OllamaRoutes(generations: generations, embeddings: embeddings, desk: desk)
        router.endpoint(.post, "/api/chat", ollama.chat)
        router.endpoint(.post, "/api/generate", ollama.generate)
        router.endpoint(.post, "/api/embed", ollama.embed)
        router.endpoint(.post, "/api/embeddings", ollama.embedOne)
        let ollamaModels = OllamaModelRoutes(generator: generator, desk: desk)
        router.endpoint(.get, "/api/version", ollamaModels.version)
        router.endpoint(.get, "/api/tags", ollamaModels.tags)
        router.endpoint(.get, "/api/ps", ollamaModels.running)
        router.endpoint(.post, "/api/show", ollamaModels.show)
    }

    private func endWhenDrained() async {
        await drain.end.wait()
        guard !Task.isCancelled else { return }
        await settings.onDrained()
    }

    private func limitShutdown() async throws {
        try await gracefulShutdown()
        try await Task.sleep(for: settings.shutdownTimeout)
        deadline.open()
        let end = ContinuousClock.now + Self.farewell.most
        repeat { try await Task.sleep(for: Self.farewell.least) } while connections.clientsWait && .now < end
        // What is still open then was not sent whole, or is not read.
        connections.closeAll()
    }
}

extension Router where Context == ServerContext {
    /// Serves `method` at `path`, and tells those who come with another that it is the wrong one.
    func endpoint(
        _ method: HTTPRequest.Method, _ path: RouterPath,
        _ respond: @Sendable @escaping (Request, ServerContext) async throws -> Response
    ) {
        endpoints(path, [method: respond])
    }

    /// The same for several methods of one path.
    func endpoints(
        _ path: RouterPath,
        _ methods: [HTTPRequest.Method: @Sendable (Request, ServerContext) async throws -> Response]
    ) {
        for (method, respond) in methods { on(path, method: method, use: respond) }
        let served = methods.keys.flatMap { $0 == .get ? [.get, .head] : [$0] }.sorted { $0.rawValue < $1.rawValue }
        let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
        let others = known.compactMap { HTTPRequest.Method(rawValue: $0) }
        for other in others where !served.contains(other) {
            on(path, method: other) { _, _ -> Response in
                throw APIError.methodNotAllowed(other, allowed: served)
            }
        }
    }
}
