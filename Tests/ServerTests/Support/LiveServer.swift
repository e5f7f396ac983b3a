import Engine
import Logging
import NIOCore
import NIOPosix
import Server
import ServiceLifecycle

/// Runs a listening server while `body` talks to its port.
@discardableResult
func serving<Value: Sendable>(
    _ generator: ScriptedGenerator, configure: (inout WeftServer.Configuration) -> Void = { _ in },
    _ body: @Sendable (_ port: Int, _ services: ServiceGroup) async throws -> Value
) async throws -> Value {
    var configuration = WeftServer.Configuration(port: 0)
    configuration.shutdownTimeout = .milliseconds(100)
    configure(&configuration)
    let (ports, running) = AsyncStream.makeStream(of: Int.self)
    let server = WeftServer(generator, configuration: configuration, logger: .silent) { running.yield($0) }
    let services = ServiceGroup(configuration: .init(services: [server], logger: .silent))
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { running.finish() }
            try await services.run()
        }
        var iterator = ports.makeAsyncIterator()
        guard let port = await iterator.next() else { throw ServerDidNotStart() }
        let value = try await body(port, services)
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
        return value
    }
}

struct ServerDidNotStart: Error {}

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
        while !received.contains(text) {
            guard let bytes = try await inbound.next() else { throw EndOfWire() }
            received += String(buffer: bytes)
        }
    }

    /// Reads until the server closes.
    mutating func readToEnd() async throws {
        while let bytes = try await inbound.next() { received += String(buffer: bytes) }
    }

    /// Forgets what was received so far.
    mutating func forget() { received = "" }
}

struct EndOfWire: Error {}

/// Waits until `condition` holds; the test's time limit ends it when it never does.
func eventually(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}
