import NIOCore

/// Watches one connection: reports when its client goes, and closes it when the client stops reading.
///
/// A client that closes only its sending half is taken to have gone, as most HTTP servers do: the two cannot be told
/// apart until something is written.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let connections: ClientConnections
    private let stallTimeout: TimeAmount
    private let departure = Latch()
    private var stall: Scheduled<Void>?

    init(connections: ClientConnections, stallTimeout: Duration) {
        self.connections = connections
        self.stallTimeout = TimeAmount(stallTimeout)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        connections.add(context.channel, departure: departure)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stall?.cancel()
        departure.open()
        connections.remove(context.channel)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { departure.open() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        departure.open()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        stall?.cancel()
        stall = nil
        if !context.channel.isWritable {
            stall = context.eventLoop.assumeIsolated().scheduleTask(in: stallTimeout) { context.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }
}
