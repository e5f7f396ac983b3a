import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Bids clients that ask first, by `Expect: 100-continue`, to send the bodies of their requests.
final class ContinueHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let bodyLimit: Int
    /// Requests that are not answered yet.
    private var requests = 0

    /// - Parameter bodyLimit: larger bodies are refused instead, by whoever reads them.
    init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let request) = unwrapInboundIn(data) {
            // Amid the answer to an earlier request it would be taken for a part of that.
            if requests == 0, expectsWord(request.headerFields) {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
            requests += 1
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { requests -= 1 }
        context.write(data, promise: promise)
    }

    private func expectsWord(_ headers: HTTPFields) -> Bool {
        headers[.expect]?.lowercased() == "100-continue"
            && headers[.contentLength].flatMap(Int.init) ?? 0 <= bodyLimit
    }
}
