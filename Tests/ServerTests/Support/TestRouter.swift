import AsyncHTTPClient
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOHTTP1
import Routing
import Server
import ServiceLifecycle

/// A router that listens, and what tests ask of it.
struct TestRouter: Sendable {
    let port: Int

    /// Runs a router of version 1 while `body` talks to it.
    static func running(
        log: Logger = .silent, configure: (inout RouterServer.Settings) -> Void = { _ in },
        _ body: @Sendable (TestRouter) async throws -> Void
    ) async throws {
        var settings = RouterServer.Settings(.init(port: 0, version: "1"))
        settings.server.shutdownTimeout = .milliseconds(100)
        settings.limits.settling = 0
        configure(&settings)
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let router = RouterServer(settings, logger: log) { running.yield($0) }
        let services = ServiceGroup(configuration: .init(services: [router], logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { running.finish() }
                try await services.run()
            }
            var iterator = ports.makeAsyncIterator()
            guard let port = await iterator.next() else { throw ServerDidNotStart() }
            try await body(TestRouter(port: port))
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    func ask(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, headers: HTTPHeaders = [:]
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = method
        request.headers = headers
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        var fields = HTTPFields()
        for (name, value) in response.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return Reply(status: Int(response.status.code), headers: fields, text: String(buffer: bytes))
    }

    /// A completion request with `fields`.
    func complete(_ fields: String = "", model: String = "tiny") async throws -> Reply {
        try await ask(
            .POST, "/v1/completions", #"{"model": "\#(model)", "prompt": "a"\#(fields.isEmpty ? "" : ", \(fields)")}"#)
    }

    /// Announces a worker on a port of this machine, as `weft serve` would.
    @discardableResult
    func announce(
        _ name: String, port: Int, epoch: Int = 1, state: Announcement.State = .ready, models: [String] = ["tiny"],
        requests: Int = 0, version: String = "1", lease: Double = 60, secret: String? = nil
    ) async throws -> Reply {
        let announcement = Announcement(
            Incarnation(name: name, epoch: epoch), url: "http://127.0.0.1:\(port)", version: version, state: state,
            models: models, requests: requests, lease: lease)
        let body = String(decoding: try JSONEncoder().encode(announcement), as: UTF8.self)
        return try await ask(
            .POST, "/registry", body, headers: secret.map { ["authorization": "Bearer \($0)"] } ?? [:])
    }
}

extension Reply {
    /// Which worker answered.
    var worker: String? { HTTPField.Name("x-weft-worker").flatMap { headers[$0] } }

    /// The texts of all events of a stream of completions.
    var streamedText: String {
        get throws { try chunks.compactMap { $0.choices?[0]?.text?.asText }.joined() }
    }
}
