import HTTPTypes
import NIOCore
import NIOHTTP1

/// Watches one connection: refuses what is no request, reports when its client goes, and closes it when the client
/// lets it wait or stops reading.
///
/// A client that closes only its sending half is taken to have gone, as most HTTP servers do: the two cannot be told
/// apart until something is written.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take to read the last answer before its connection is cut: to close while it still sends
    /// would reset the connection, and take the answer back. Chosen: several round trips.
    static let farewell = TimeAmount.seconds(1)

    private let connections: ClientConnections
    private let patience: ConnectionState.Patience
    private let stallTimeout: TimeAmount
    private let departure: Latch
    private var state = ConnectionState(at: .now())
    /// What the client did wrong; nothing is read after it.
    private var fault: APIError?
    /// Whether `fault` is answered here, not by who reads the body that it spoilt.
    private var answersFault = false
    private var timer: Scheduled<Void>?
    private var timerEnd: NIODeadline?
    private var stall: Scheduled<Void>?

    init(
        connections: ClientConnections, departure: Latch, patience: ConnectionState.Patience, stallTimeout: Duration
    ) {
        self.connections = connections
        self.departure = departure
        self.patience = patience
        self.stallTimeout = TimeAmount(stallTimeout)
    }

    func handlerAdded(context: ChannelHandlerContext) { setTimer(context.channel) }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        stall?.cancel()
        departure.open()
        connections.remove(context.channel)
    }

    /// Bytes came, and the parser has passed on what they completed.
    func bytesCame(_ channel: any Channel) {
        state.bytesCame(at: .now())
        connections.note(channel, waitingSince: state.waitingSince)
        setTimer(channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What is left in the parser when the last request has come is not for us.
        guard fault == nil, !state.isLast || state.isReading else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            if let fault = APIError.malformed(head) { return refuse(fault, context) }
            if !connections.hasPlace(context.channel), !ProbeRoutes.isProbe(head.uri) {
                return refuse(.unavailable("Too many connections are open."), context)
            }
            state.headCame()
            // After an upgrade that nobody answered the parser reads nothing more.
            if !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "upgrade") {
                state.isLast = true
            }
        case .body: break
        case .end: state.endCame()
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        // The parser reports some faults twice, and others after a head that was refused.
        guard fault == nil else { return }
        let fault = APIError.malformed(error)
        guard state.isReading else { return refuse(fault, context) }
        self.fault = fault
        context.fireErrorCaught(fault)
    }

    /// Answers `fault` when all earlier requests are answered, and closes.
    private func refuse(_ fault: APIError, _ context: ChannelHandlerContext) {
        self.fault = fault
        answersFault = true
        if state.unanswered == 0 { answerFault(fault, context) }
    }

    private func answerFault(_ fault: APIError, _ context: ChannelHandlerContext) {
        let body = (try? JSON.encode(ErrorBody(fault))).map { ByteBuffer(bytes: $0) } ?? ByteBuffer()
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: fault.status.code))
        head.headers = [
            "content-type": "application/json", "content-length": "\(body.readableBytes)", "connection": "close",
        ]
        if let seconds = fault.retryAfter { head.headers.add(name: "retry-after", value: "\(seconds)") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        leave(context)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where state.isLast && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where state.unanswered > 0:
            state.answered(at: .now())
            connections.note(context.channel, waitingSince: state.waitingSince)
            guard state.unanswered == 0, fault != nil || state.isLast else {
                context.write(data, promise: promise)
                return setTimer(context.channel)
            }
            let sent = promise ?? context.eventLoop.makePromise()
            context.write(data, promise: sent)
            sent.futureResult.assumeIsolated().whenComplete { [self] _ in lastAnswerWasSent(context) }
        default: context.write(data, promise: promise)
        }
    }

    private func lastAnswerWasSent(_ context: ChannelHandlerContext) {
        if let fault, answersFault { answerFault(fault, context) } else { leave(context) }
    }

    /// Closes once all is sent, as gently as a client that still sends allows.
    private func leave(_ context: ChannelHandlerContext) {
        state.isLast = true
        context.close(mode: .output, promise: nil)
        timer?.cancel()
        timerEnd = .now()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.farewell) { context.close(promise: nil) }
    }

    /// Sees to it that somebody looks after the connection when its client's time is over.
    private func setTimer(_ channel: any Channel) {
        guard let deadline = state.deadline(patience), deadline < timerEnd ?? .distantFuture else { return }
        timer?.cancel()
        timerEnd = deadline
        timer = channel.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            timerEnd = nil
            guard let deadline = state.deadline(patience) else { return }
            if deadline <= .now() { channel.close(promise: nil) } else { setTimer(channel) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { departure.open() }
        guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
        state.isLast = true
        if state.unanswered == 0 { context.close(promise: nil) }
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

/// Tells a connection's handler of bytes that do not make a request yet.
final class ByteWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let handler: ConnectionHandler

    init(_ handler: ConnectionHandler) { self.handler = handler }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(data)
        handler.bytesCame(context.channel)
    }
}
