import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// The way of bytes through one connection, to requests and back.
///
/// As Hummingbird's own, with a handler that knows more of what clients do: see `ConnectionHandler`.
struct ClientChannel: HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: Responder
    let connections: ClientConnections
    let settings: WeftServer.Configuration

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            guard let departure = connections.add(channel, at: .now()) else { throw NoRoom() }
            let handler = ConnectionHandler(
                connections: connections, departure: departure,
                patience: .init(head: settings.headTimeout, idle: settings.idleTimeout),
                stallTimeout: settings.stallTimeout)
            let pipeline = channel.pipeline.syncOperations
            if let identity = settings.identity { try pipeline.addHandler(identity.handler()) }
            try pipeline.addHandler(ByteWatch(handler))
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: Self.limits)
            try pipeline.addHandlers([
                handler, HTTP1ToHTTPServerCodec(secure: settings.identity != nil),
                ContinueHandler(bodyLimit: settings.bodyLimit),
            ])
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        }
    }

    func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }

    /// All connections are taken, those that are kept for probes as well; the new one is closed.
    private struct NoRoom: Error {}

    /// What servers commonly allow: 80 KiB of fields, of which there are a few dozen.
    private static let limits = {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 80 << 10
        limits.maxHeaderListSize = 80 << 10
        limits.maxHeaderFieldCount = 256
        return limits
    }()
}
