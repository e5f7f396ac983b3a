import Foundation
import Logging
import NIOCore

/// Waits where the system has no descriptor or memory for one more connection, instead of asking again at once.
final class AcceptHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// Long enough to cost nothing, short enough for clients not to notice.
    private static let pause = TimeAmount.milliseconds(100)
    /// Idle connections that go for new ones: some hundred a second, as fast as a crowd of clients comes.
    private static let idlersPerPause = 16

    private let connections: ClientConnections
    private let logger: Logger
    private var hasComplained = false

    init(connections: ClientConnections, logger: Logger) {
        self.connections = connections
        self.logger = logger
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasComplained = false
        context.fireChannelRead(data)
    }

    /// Errors of `accept` end here: passed on, they would end the server.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? IOError else { return context.fireErrorCaught(error) }
        // A client that left before it was taken in is nobody's trouble.
        guard error.errnoCode != ECONNABORTED else { return }
        if !hasComplained { logger.error("no connection can be taken", metadata: ["reason": "\(error)"]) }
        hasComplained = true
        connections.closeIdlers(Self.idlersPerPause)
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
