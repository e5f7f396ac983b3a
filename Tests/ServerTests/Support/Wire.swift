import NIOCore
import NIOPosix

/// One TCP connection, byte for byte.
struct Wire {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    let channel: any Channel
    private(set) var received = ""

    /// Connects, and closes the connection after `body`.
    static func open<Value: Sendable>(_ port: Int, _ body: (inout Wire) async throws -> Value) async throws -> Value {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var wire = Wire(
                inbound: inbound.makeAsyncIterator(), outbound: outbound, channel: connection.channel)
            return try await body(&wire)
        }
    }

    func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Sends a POST request with `body`.
    func post(_ path: String, _ body: String, headers: String = "") async throws {
        try await send(
            "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)")
    }

    /// Reads until `text` was received.
    /// - Throws: `EndOfWire` when the server closes first.
    mutating func read(until text: String) async throws {
        var isThere = received.contains(text)
        while !isThere {
            guard let bytes = try await inbound.next() else { throw EndOfWire() }
            received += String(buffer: bytes)
            isThere = received.suffix(bytes.readableBytes + text.count).contains(text)
        }
    }

    /// Reads until the server closes.
    mutating func readToEnd() async throws {
        while let bytes = try await inbound.next() { received += String(buffer: bytes) }
    }

    /// Sends no more, and still reads.
    func finishSending() async throws { try await channel.close(mode: .output) }

    /// Forgets what was received so far.
    mutating func forget() { received = "" }
}

struct EndOfWire: Error {}
