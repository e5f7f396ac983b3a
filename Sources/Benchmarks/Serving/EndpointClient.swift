import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Quantities

/// Speaks to an endpoint over HTTP/1.1, with as many connections as there are requests.
struct EndpointClient: Sendable {
    let endpoint: Endpoint
    let timeout: Duration
    private let http: HTTPClient

    /// Runs `body` with a client, whose connections are closed behind it.
    static func with<Result>(
        _ endpoint: Endpoint, timeout: Duration, _ body: (EndpointClient) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        // Chosen: longer than a crowded endpoint takes to accept, short of what counts as its latency.
        configuration.timeout.connect = .seconds(10)
        // A request must never wait for another's connection: the load would no longer be an open loop.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1 << 20
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(EndpointClient(endpoint: endpoint, timeout: timeout, http: http))
            try await http.shutdown()
            return result
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    /// The models that the endpoint serves, by its own names.
    func models() async throws(ServingError) -> [String] {
        struct List: Decodable {
            struct Model: Decodable { var id: String }
            var data: [Model]
        }
        let url = endpoint.base + "/v1/models"
        let (status, body) = try await get(url)
        guard status == 200 else {
            throw .refused(url: url, status: status, message: EndpointFault.message(in: body))
        }
        do {
            return try JSONDecoder().decode(List.self, from: body).data.map(\.id)
        } catch {
            throw .unexpectedAnswer(url: url, reason: "the answer is not a list of models")
        }
    }

    /// The endpoint's metrics as text; `nil` where it has none.
    func metrics() async -> String? {
        guard let (status, body) = try? await get(endpoint.base + "/metrics"), status == 200 else { return nil }
        return String(decoding: body, as: UTF8.self)
    }

    /// Sends a completion request and takes its stream, piece by piece, until it ends, breaks, or takes too long.
    ///
    /// - Parameter now: The time of the run, at which pieces are noted.
    func complete(_ body: Data, now: @escaping @Sendable () -> Seconds) async -> CompletionRecorder {
        await withTaskGroup(of: CompletionRecorder?.self) { group in
            group.addTask { await stream(body, now: now) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return nil
            }
            var recorder = await group.next() ?? nil
            group.cancelAll()
            for await other in group { recorder = recorder ?? other }
            return recorder ?? CompletionRecorder()
        }
    }

    private func stream(_ body: Data, now: @Sendable () -> Seconds) async -> CompletionRecorder {
        var recorder = CompletionRecorder()
        do {
            var request = request(endpoint.base + "/v1/completions")
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
            let response = try await http.execute(request, deadline: .distantFuture)
            if response.status == .ok {
                for try await piece in response.body { recorder.receive(piece.readableBytesView, at: now()) }
                recorder.end(Task.isCancelled ? .timeout : nil)
            } else {
                let body = Data(try await response.body.collect(upTo: 1 << 20).readableBytesView)
                recorder.end(.status(Int(response.status.code), message: EndpointFault.message(in: body)))
            }
        } catch {
            recorder.end(Task.isCancelled ? .timeout : .connection(EndpointFault.reason(of: error)))
        }
        return recorder
    }

    private func get(_ url: String) async throws(ServingError) -> (status: Int, body: Data) {
        do {
            // Chosen: lists of models and metrics are small, and the endpoint may be under load.
            let response = try await http.execute(request(url), deadline: .now() + .seconds(30))
            let body = try await response.body.collect(upTo: 16 << 20)
            return (Int(response.status.code), Data(body.readableBytesView))
        } catch {
            throw .unreachable(url: url, reason: EndpointFault.reason(of: error))
        }
    }

    private func request(_ url: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        for (name, value) in endpoint.headers { request.headers.add(name: name, value: value) }
        return request
    }
}

/// An error as OpenAI endpoints describe it: an object with a message, or a text of its own.
package struct EndpointFault: Decodable {
    package var message: String

    private enum CodingKeys: String, CodingKey { case message }

    private struct Body: Decodable { var error: EndpointFault }

    package init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            message = text
        } else {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            message = try fields.decodeIfPresent(String.self, forKey: .message) ?? "no message"
        }
    }

    /// What the body of a refusal says, in at most 300 characters.
    package static func message(in body: Data) -> String {
        let message = (try? JSONDecoder().decode(Body.self, from: body))?.error.message
        return String((message ?? String(decoding: body, as: UTF8.self)).prefix(300))
    }

    /// Why no answer came, in the words of who looks after a machine.
    package static func reason(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason(of: $0.error) } ?? "no address of \(error.host) answers"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        default: "\(error)"
        }
    }
}
