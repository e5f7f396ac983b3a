import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// Listens on addresses, and watches the connections that come.
struct Listener: Sendable {
    let settings: WeftServer.Configuration
    let connections: ClientConnections
    let logger: Logger

    /// - Parameter onRunning: called with the port once it listens.
    func application(
        _ router: Router<ServerContext>, _ host: String, _ port: Int,
        _ onRunning: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        Application(
            router: router,
            server: HTTPServerBuilder { ClientChannel(responder: $0, connections: connections, settings: settings) },
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "weft"),
            onServerRunning: { channel in
                await guardAccepting(channel)
                await onRunning(channel.localAddress?.port ?? port)
            },
            logger: logger)
    }

    private func guardAccepting(_ channel: any Channel) async {
        try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(
                AcceptHandler(connections: connections, logger: logger), position: .first)
        }.get()
    }
}
