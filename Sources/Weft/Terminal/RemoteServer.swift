import AsyncHTTPClient
import Benchmarks
import Chat
import Engine
import Foundation
import NIOCore
import NIOHTTP1
import Server

/// A running server, as its clients see it.
struct RemoteServer: Sendable {
    let url: String
    let model: String
    private let endpoint: Endpoint
    private let http: HTTPClient

    static let standardURL = "http://127.0.0.1:8080"

    /// - Parameters:
    ///   - model: the model that answers chats.
    ///   - apiKey: by default `$WEFT_API_KEY`.
    /// - Throws: `ServingError` for an address that is none, and what `body` throws.
    static func with<Result>(
        _ url: String, apiKey: String?, model: String = "", _ body: (RemoteServer) async throws -> Result
    ) async throws -> Result {
        let key = apiKey ?? ProcessInfo.processInfo.environment["WEFT_API_KEY"]
        let endpoint = try Endpoint(url: url, apiKey: key)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .seconds(10)
        // A person waits: what is not there is said at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(RemoteServer(url: url, model: model, endpoint: endpoint, http: http))
            try await http.shutdown()
            return result
        } catch {
            try await http.shutdown()
            throw error
        }
    }

    /// How its units stand.
    func status() async throws -> FleetStatus {
        let (response, body) = try await answer(to: request("/admin/status"))
        switch response.status {
        case .ok: break
        case .unauthorized: throw CommandError("\(url) asks for a key: --api-key, or WEFT_API_KEY")
        case .forbidden: throw CommandError("\(url): the key has no right to `admin`")
        case .notFound:
            throw CommandError("\(url) has no /admin/status: it is no weft, or its `admin` has an address of its own")
        default:
            throw CommandError("\(url) answers with status \(response.status.code): \(EndpointFault.message(in: body))")
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do { return try decoder.decode(FleetStatus.self, from: body) } catch {
            throw CommandError("\(url): its status is not that of this version of weft, \(weftVersion)")
        }
    }

    private func request(_ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: endpoint.base + path)
        for (name, value) in endpoint.headers { request.headers.add(name: name, value: value) }
        return request
    }

    private func answer(to request: HTTPClientRequest) async throws -> (HTTPClientResponse, Data) {
        do {
            let response = try await http.execute(request, deadline: .now() + .seconds(30))
            return (response, Data(try await response.body.collect(upTo: 16 << 20).readableBytesView))
        } catch { throw CommandError("no server answers at \(url): \(EndpointFault.reason(of: error))") }
    }
}

extension RemoteServer: ChatPartner {
    private struct Body: Encodable {
        struct Message: Encodable {
            var role: String
            var content: String
            var reasoningContent: String?
        }
        var model: String
        var messages: [Message]
        var stream = true
        var temperature: Double
        var topP: Double
        var maxTokens: Int?
        var seed: Int64?
    }

    private struct Chunk: Decodable {
        struct Choice: Decodable { var delta: Delta }
        struct Delta: Decodable {
            var content: String?
            var reasoningContent: String?
        }
        var choices: [Choice]?
        var error: EndpointFault?
    }

    func answer(
        to messages: [ChatMessage], _ options: DirectChat.Options
    ) async throws -> AsyncThrowingStream<ChatDelta, any Error> {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        var request = request("/v1/chat/completions")
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(
            try encoder.encode(
                Body(
                    model: model,
                    messages: messages.map {
                        Body.Message(role: $0.role, content: $0.content, reasoningContent: $0.reasoning)
                    },
                    temperature: options.temperature, topP: options.topP, maxTokens: options.maxTokens,
                    seed: options.seed)))
        let response: HTTPClientResponse
        do { response = try await http.execute(request, deadline: .distantFuture) } catch {
            throw CommandError("no server answers at \(url): \(EndpointFault.reason(of: error))")
        }
        guard response.status == .ok else {
            let body = Data(try await response.body.collect(upTo: 1 << 20).readableBytesView)
            if response.status == .unauthorized {
                throw CommandError("\(url) asks for a key: --api-key, or WEFT_API_KEY")
            }
            throw CommandError("\(url): \(EndpointFault.message(in: body))")
        }
        return AsyncThrowingStream { continuation in
            let work = Task {
                do {
                    try await Self.read(response.body) { continuation.yield($0) }
                    continuation.finish()
                } catch { continuation.finish(throwing: error) }
            }
            continuation.onTermination = { _ in work.cancel() }
        }
    }

    private static func read(_ body: HTTPClientResponse.Body, _ take: (ChatDelta) -> Void) async throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        var parser = EventStreamParser()
        for try await piece in body {
            for event in parser.append(piece.readableBytesView) where event != "[DONE]" {
                let chunk = try decoder.decode(Chunk.self, from: Data(event.utf8))
                if let error = chunk.error { throw CommandError(error.message) }
                guard let delta = chunk.choices?.first?.delta else { continue }
                if let text = delta.reasoningContent, !text.isEmpty { take(.reasoning(text)) }
                if let text = delta.content, !text.isEmpty { take(.text(text)) }
            }
        }
    }
}
