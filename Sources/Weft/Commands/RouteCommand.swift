import Access
import ArgumentParser
import Engine
import Foundation
import Logging
import Server
import ServiceLifecycle
import UnixSignals

struct RouteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "Put one endpoint in front of many servers.",
        discussion: """
            Servers that are started with `weft serve --announce http://HOST:PORT` make themselves known; others are \
            named with --worker. Beyond loopback a secret is needed, which the servers must have too. Any number of \
            routers may run side by side.
            """)

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on, 0 for any free one.")
    var port = 8080

    @Option(help: "The URL of a server that does not announce itself; may be given several times.")
    var worker: [String] = []

    @Option(help: "A file with the secret that servers and operators must have; without it $WEFT_ROUTE_SECRET.")
    var secret: String?

    @Option(help: "A certificate in PEM: clients and servers then speak TLS to the router. Needs --tls-key.")
    var tlsCertificate: String?

    @Option(help: "The certificate's key.")
    var tlsKey: String?

    func validate() throws {
        if (tlsCertificate == nil) != (tlsKey == nil) {
            throw ValidationError("--tls-certificate and --tls-key go together")
        }
        let ports = ServeConfiguration.ports
        guard ports.contains(port) else {
            throw ValidationError("--port must be between \(ports.lowerBound) and \(ports.upperBound)")
        }
        if let url = worker.first(where: { !WorkerURL.isValid($0) }) {
            throw ValidationError("--worker \(url): is no URL of a server, as http://10.0.0.2:8080")
        }
    }

    func run() async throws {
        let log = LogWriter()
        LoggingSystem.bootstrap(log.handler)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await route()) } catch { outcome = .failure(error) }
        await log.flush(within: .seconds(1))
        try outcome.get()
    }

    private func route() async throws {
        var settings = RouterServer.Settings(.init(host: host, port: port, version: weftVersion))
        settings.secret = try RouteSecret.read(secret)
        settings.workers = worker
        guard settings.secret != nil || AccessConfiguration.isLoopback(host) else {
            throw CommandError(
                "host: \(host) can be reached from other machines, and there is no secret; name a file with --secret, "
                    + "or set \(RouteSecret.variable)")
        }
        let logger = Logger(label: "weft"), address = host
        if let tlsCertificate, let tlsKey {
            settings.server.identity = try ServerIdentity(certificate: tlsCertificate, key: tlsKey, logger: logger)
        }
        let scheme = settings.server.identity == nil ? "http" : "https"
        let router = RouterServer(settings, logger: logger) { port in
            logger.info("listening", metadata: ["url": "\(scheme)://\(address):\(port)"])
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: router)], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
