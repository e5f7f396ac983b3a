import AsyncHTTPClient
import Foundation
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks to workers, and for workers to routers: over HTTP/1.1, on connections that are kept.
final class WorkerClient: Sendable {
    private let http: HTTPClient

    init() {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        // Chosen: many round trips in a network of one's own; another worker is tried after it.
        configuration.timeout.connect = .seconds(2)
        // A request must not wait for another's connection; their number is bounded by that of the clients.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1 << 16
        // Who fails is told at once, as there are others.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Must be called before the client goes.
    func shutdown() async { try? await http.shutdown() }

    /// Sends a request of any length of answer. To cancel the task, or to drop the answer, ends it at the worker too.
    func execute(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        try await http.execute(request, deadline: .distantFuture)
    }

    /// An answer that is short and comes soon.
    struct Answer: Sendable {
        var status: Int
        var body: Data

        /// What an error says, or the whole body where it is none.
        var message: String {
            struct Body: Decodable {
                struct Details: Decodable { var message: String }
                var error: Details
            }
            let message = (try? JSONDecoder().decode(Body.self, from: body))?.error.message
            return (message ?? String(decoding: body, as: UTF8.self)).abridged
        }
    }

    /// Asks for something small.
    ///
    /// - Parameter headers: such as tell who asks.
    /// - Throws: where no answer comes within two seconds, or one that is larger than 16 MiB.
    func ask(_ method: HTTPMethod, _ url: String, headers: HTTPHeaders = [:], _ body: Data? = nil) async throws
        -> Answer
    {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = headers
        if let body {
            request.headers.replaceOrAdd(name: "content-type", value: "application/json")
            request.body = .bytes(body)
        }
        let response = try await http.execute(request, deadline: .now() + .seconds(2))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        return Answer(status: Int(response.status.code), body: Data(bytes.readableBytesView))
    }

    /// Who bears a secret, if there is one.
    static func headers(bearing secret: String?) -> HTTPHeaders {
        secret.map { ["authorization": "Bearer \($0)"] } ?? [:]
    }

    /// Whether there was no connection, so that nothing of a request can have come to anybody.
    static func isUnreachable(_ error: any Error) -> Bool {
        error is NIOConnectionError || error as? HTTPClientError == .connectTimeout
    }

    /// Why a request failed, in a few words.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "no address of \(error.host) answers"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
