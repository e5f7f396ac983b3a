import Access
import ConfigurationFiles
import Engine
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Server
import Testing

/// Who may ask for what.
@Suite struct AccessTests {
    private enum Holder: String, CaseIterable {
        case none, wrong, client, operatorOnly, both

        var secret: String? {
            switch self {
            case .none: nil
            default: "\(rawValue)-0123456789abcdef"
            }
        }
    }

    private struct Quiet: ModelAdministration {
        func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel { .chat }
        func unload(_ name: String, patience: Duration) async throws {}
        var status: FleetStatus? { FleetStatus(units: []) }
    }

    /// - Parameter fields: of the client's key.
    private func control(_ fields: String = "") throws -> AccessControl {
        func digest(_ holder: Holder) -> String { KeyDigest(of: holder.secret ?? "").written }
        let path = FileManager.default.temporaryDirectory.appending(path: "weft-\(UUID().uuidString).yaml").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try """
        keys:
        - {name: client, digest: "\(digest(.client))"\(fields)}
        - {name: operator, digest: "\(digest(.operatorOnly))", rights: [admin]}
        - {name: both, digest: "\(digest(.both))", rights: [admin, serve]}
        """.write(toFile: path, atomically: true, encoding: .utf8)
        // Nothing comes back while a test runs, however slowly.
        return try AccessControl(file: path, environment: [:], logger: .silent, clock: { 0 })
    }

    private func server(
        _ generator: ScriptedGenerator = ScriptedGenerator(models: [.chat, .base, .embedder, .ranker]),
        _ fields: String = "", configure: (inout WeftServer.Configuration) -> Void = { _ in }
    ) throws -> WeftServer {
        var configuration = WeftServer.Configuration(port: 0)
        configuration.access = try control(fields)
        configure(&configuration)
        return WeftServer(generator, administration: Quiet(), configuration: configuration, logger: .silent)
    }

    private func ask(
        _ client: some TestClientProtocol, _ method: HTTPRequest.Method, _ path: String, _ holder: Holder,
        _ body: String? = nil, headers: HTTPFields = [:]
    ) async throws -> Reply {
        var headers = headers
        if let secret = holder.secret { headers[.authorization] = "Bearer \(secret)" }
        let response = try await client.executeRequest(
            uri: path, method: method, headers: headers, body: body.map { ByteBuffer(string: $0) })
        return Reply(status: response.status.code, headers: response.headers, text: String(buffer: response.body))
    }

    private static let chat = #"{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}"#

    /// A table of route and key: what stands in `docs/access.md`.
    @Test(
        "Fault 20: each route asks for its right",
        arguments: [
            (HTTPRequest.Method.get, "/health", "200 200 200 200 200"), (.get, "/v1/health", "200 200 200 200 200"),
            (.get, "/ready", "200 200 200 200 200"), (.get, "/version", "200 200 200 200 200"),
            (.get, "/ping", "200 200 200 200 200"), (.get, "/v1/models", "401 401 200 403 200"),
            (.get, "/v1/models/tiny", "401 401 200 403 200"), (.post, "/v1/chat/completions", "401 401 200 403 200"),
            (.post, "/v1/completions", "401 401 400 403 400"), (.post, "/v1/embeddings", "401 401 400 403 400"),
            (.post, "/v1/rerank", "401 401 400 403 400"), (.post, "/tokenize", "401 401 400 403 400"),
            (.post, "/detokenize", "401 401 400 403 400"), (.post, "/v1/responses", "401 401 400 403 400"),
            (.post, "/v1/messages", "401 401 400 403 400"), (.post, "/v1/messages/count_tokens", "401 401 400 403 400"),
            (.post, "/apply-template", "401 401 400 403 400"), (.post, "/infill", "401 401 400 403 400"),
            (.get, "/api/version", "401 401 200 403 200"), (.get, "/api/tags", "401 401 200 403 200"),
            (.get, "/api/ps", "401 401 200 403 200"), (.post, "/api/show", "401 401 400 403 400"),
            (.post, "/api/chat", "401 401 400 403 400"), (.post, "/api/generate", "401 401 400 403 400"),
            (.post, "/api/embed", "401 401 400 403 400"), (.post, "/api/embeddings", "401 401 400 403 400"),
            (.get, "/openapi.json", "401 401 200 403 200"), (.get, "/metrics", "401 401 403 200 200"),
            (.get, "/", "200 200 200 200 200"),
            (.get, "/page/chat.js", "200 200 200 200 200"), (.get, "/page/nothing", "401 401 404 403 404"),
            (.get, "/admin/status", "401 401 403 200 200"), (.post, "/admin/models", "401 401 403 400 400"),
            (.delete, "/admin/models/tiny", "401 401 403 200 200"), (.post, "/admin/reload", "401 401 403 400 400"),
            (.get, "/admin/placement", "401 401 403 400 400"), (.post, "/admin/placement", "401 401 403 400 400"),
            (.post, "/admin/drain?exit=false", "401 401 403 200 200"), (.delete, "/admin/drain", "401 401 403 200 200"),
            (.get, "/nowhere", "401 401 404 403 404"),
        ])
    func eachRouteAsksForItsRight(_ method: HTTPRequest.Method, _ path: String, _ statuses: String) async throws {
        try await server().application.test(.router) { client in
            let body: String? = method == .post ? (path.hasSuffix("/chat/completions") ? Self.chat : "{}") : nil
            var found: [String] = []
            for holder in Holder.allCases {
                let reply = try await ask(client, method, path, holder, body)
                found.append("\(reply.status)")
                if reply.status == 401 {
                    #expect(reply.headers[.wwwAuthenticate] == "Bearer")
                    // Other APIs have errors of other shapes.
                    if path.hasPrefix("/api/") {
                        #expect(try reply.error?.asText != nil)
                    } else if path.hasPrefix("/v1/messages") {
                        #expect(try reply.error?.type == "authentication_error")
                    } else {
                        #expect(try reply.error?.code == "invalid_api_key")
                    }
                }
            }
            #expect(found.joined(separator: " ") == statuses, "\(path)")
        }
    }

    /// However a path is written, it takes the right of the route that it leads to.
    @Test(
        "Fault 20: no way leads around a right",
        arguments: [
            "//admin/status", "/admin//status/", "/metrics/", "//metrics", "/./admin/status", "/%61dmin/status",
        ])
    func noWayLeadsAroundARight(_ path: String) async throws {
        try await server().application.test(.router) { client in
            let client = try await ask(client, .get, path, .client)
            #expect([403, 404].contains(client.status), "\(path): \(client.status)")
            #expect(!client.text.contains("units"))
        }
    }

    @Test func withoutKeysEveryoneMayAsk() async throws {
        let reply = try await anyone(.get, "/v1/models")
        #expect(reply.status == 200)
    }

    private func anyone(_ method: HTTPRequest.Method, _ path: String) async throws -> Reply {
        try await ServerTests.ask(ScriptedGenerator(), method, path)
    }

    @Test func anthropicsFieldCarriesKeysToo() async throws {
        try await server().application.test(.router) { client in
            let name = try #require(HTTPField.Name("x-api-key"))
            let secret = Holder.client.secret ?? ""
            #expect(try await ask(client, .get, "/v1/models", .none, headers: [name: secret]).status == 200)
            #expect(try await ask(client, .get, "/v1/models", .none, headers: [.authorization: secret]).status == 401)
            let basic: HTTPFields = [.authorization: "Basic \(secret)"]
            #expect(try await ask(client, .get, "/v1/models", .none, headers: basic).status == 401)
        }
    }

    @Test func aKeySeesItsModelsOnly() async throws {
        let generator = ScriptedGenerator(models: [.chat, .base])
        try await server(generator, #", models: ["lab/base model"]"#).application.test(.router) { client in
            let list = try await ask(client, .get, "/v1/models", .client).json
            #expect(list.data?.elements?.compactMap(\.id?.asText) == ["lab/base model"])
            let reply = try await ask(client, .post, "/v1/chat/completions", .client, Self.chat)
            #expect(reply.status == 404)
            #expect(try reply.error?.code == "model_not_found")
            #expect(try await ask(client, .post, "/v1/chat/completions", .both, Self.chat).status == 200)
        }
        #expect(generator.requests.count == 1)
    }

    @Test func requestsBeyondTheLimitWait() async throws {
        try await server(fields: ", requests_per_minute: 2").application.test(.router) { client in
            let first = try await ask(client, .post, "/v1/chat/completions", .client, Self.chat)
            #expect(first.status == 200)
            #expect(first.headers[try name("x-ratelimit-limit-requests")] == "2")
            #expect(first.headers[try name("x-ratelimit-remaining-requests")] == "1")
            #expect(try await ask(client, .post, "/v1/chat/completions", .client, Self.chat).status == 200)
            let third = try await ask(client, .post, "/v1/chat/completions", .client, Self.chat)
            #expect(third.status == 429)
            #expect(try third.error?.code == "rate_limit_exceeded")
            #expect(try third.error?.type == "requests")
            let wait = try #require(third.headers[.retryAfter].flatMap { Int($0) })
            #expect((1...30).contains(wait))
            // To look costs nothing, and others have limits of their own.
            #expect(try await ask(client, .get, "/v1/models", .client).status == 200)
            #expect(try await ask(client, .post, "/v1/chat/completions", .both, Self.chat).status == 200)
        }
    }

    @Test func tokensAreCounted() async throws {
        try await server(fields: ", tokens_per_minute: 10").application.test(.router) { client in
            #expect(try await ask(client, .post, "/v1/chat/completions", .client, Self.chat).status == 200)
            let second = try await ask(client, .post, "/v1/chat/completions", .client, Self.chat)
            #expect(second.status == 429)
            #expect(try second.error?.type == "tokens")
            #expect(second.headers[try name("x-ratelimit-remaining-tokens")] == "0")
        }
    }

    private func server(fields: String) throws -> WeftServer { try server(ScriptedGenerator(), fields) }

    private func name(_ text: String) throws -> HTTPField.Name { try #require(HTTPField.Name(text)) }

    /// A stream runs until its client has it all, or leaves.
    @Test func runningStreamsAreCounted() async throws {
        let generator = ScriptedGenerator(Script(texts: ["a"], isHeld: true))
        let access = try control(", concurrent_requests: 1")
        let secret = "Authorization: Bearer \(Holder.client.secret ?? "")\r\n"
        let body = String(Self.chat.dropLast()) + #", "stream": true}"#
        try await serving(generator, configure: { $0.access = access }) { port, _ in
            try await Wire.open(port) { first in
                try await first.post("/v1/chat/completions", body, headers: secret)
                try await first.read(until: "200 OK")
                try await Wire.open(port) { second in
                    try await second.post("/v1/chat/completions", body, headers: secret)
                    try await second.read(until: "429 Too Many Requests")
                }
            }
            // The first client has gone.
            try await eventually { generator.running == 0 }
            generator.release()
            try await Wire.open(port) { third in
                repeat {
                    third.forget()
                    try await third.post("/v1/chat/completions", body, headers: secret)
                    try await third.read(until: "\r\n\r\n")
                } while !third.received.contains("200 OK")
                try await third.read(until: "[DONE]")
            }
        }
    }

    @Test func aliasesAreModels() async throws {
        let generator = ScriptedGenerator(models: [.chat])
        let server = try server(generator, #", models: ["gpt-4o"]"#) {
            $0.aliases = ["gpt-4o": "tiny", "none": "nobody"]
        }
        try await server.application.test(.router) { client in
            let list = try await ask(client, .get, "/v1/models", .both).json
            #expect(list.data?.elements?.compactMap(\.id?.asText) == ["tiny", "gpt-4o"])
            #expect(list.data?[0]?.aliases == ["gpt-4o"] && list.data?[0]?.alias_of == nil)
            #expect(list.data?[1]?.alias_of == "tiny" && list.data?[1]?.aliases == nil)
            #expect(list.data?[1]?.status == "loaded")
            // A key that is for the alias alone does not learn of the model.
            let own = try await ask(client, .get, "/v1/models", .client).json
            #expect(own.data?.elements?.count == 1 && own.data?[0]?.alias_of == nil)
            let shown = try await ask(client, .get, "/v1/models/gpt-4o", .both).json
            #expect(shown.alias_of == "tiny")
            let body = Self.chat.replacing("tiny", with: "gpt-4o")
            let reply = try await ask(client, .post, "/v1/chat/completions", .client, body)
            #expect(reply.status == 200)
            #expect(try reply.json.model == "gpt-4o")
            #expect(try await ask(client, .post, "/v1/chat/completions", .client, Self.chat).status == 404)
        }
        #expect(generator.requests.map(\.model) == ["tiny"])
    }

    /// An alias that is a model's own name means that model.
    @Test func modelsGoBeforeAliases() async throws {
        let generator = ScriptedGenerator(models: [.chat, .base])
        let server = try server(generator) { $0.aliases = ["tiny": "lab/base model"] }
        try await server.application.test(.router) { client in
            let reply = try await ask(client, .post, "/v1/chat/completions", .client, Self.chat)
            #expect(reply.status == 200)
        }
        #expect(generator.requests.map(\.model) == ["tiny"])
    }

    @Test("Fault 20: pages of known origins may ask")
    func pagesOfKnownOriginsMayAsk() async throws {
        let server = try server { $0.origins = ["https://a.example"] }
        try await server.application.test(.router) { client in
            let preflight: HTTPFields = [
                .origin: "https://a.example", .accessControlRequestMethod: "POST",
                .accessControlRequestHeaders: "authorization, content-type",
            ]
            // A browser sends no key when it asks whether it may.
            let allowed = try await ask(client, .options, "/v1/chat/completions", .none, headers: preflight)
            #expect(allowed.status == 204)
            #expect(allowed.headers[.accessControlAllowOrigin] == "https://a.example")
            #expect(allowed.headers[.accessControlAllowHeaders] == "authorization, content-type")
            let origin: HTTPFields = [.origin: "https://a.example"]
            let refused = try await ask(client, .get, "/v1/models", .none, headers: origin)
            #expect(refused.status == 401 && refused.headers[.accessControlAllowOrigin] == "https://a.example")
            let other = try await ask(
                client, .get, "/v1/models", .client, headers: [.origin: "https://b.example"])
            #expect(other.status == 200 && other.headers[.accessControlAllowOrigin] == nil)
        }
    }

    /// With an address of its own, administration is nowhere else.
    @Test func administrationMayStandApart() async throws {
        let server = try server { $0.adminAddress = .init(host: "127.0.0.1", port: 0) }
        try await server.application.test(.router) { client in
            var statuses: [Int] = []
            for path in ["/metrics", "/admin/status", "/admin/events", "/", "/page/chat.js", "/v1/models"] {
                statuses.append(try await ask(client, .get, path, .both).status)
            }
            #expect(statuses == [404, 404, 404, 404, 404, 200])
        }
    }

    /// On its own address stands the page, and what the page asks for.
    @Test func administrationHasThePageAndItsModels() async throws {
        let (log, access) = (LogRecorder(), try control())
        try await serving(
            ScriptedGenerator(), administration: Quiet(), log: log.logger,
            configure: {
                $0.access = access
                $0.adminAddress = .init(host: "127.0.0.1", port: 0)
            },
            { _, _ in
                func port() -> Int? {
                    log.all.lazy.compactMap { $0.firstMatch(of: #/administration.*127\.0\.0\.1:(\d+)/#) }.first.flatMap
                    {
                        Int($0.1)
                    }
                }
                try await eventually { port() != nil }
                for (path, status) in [("/", 200), ("/v1/models", 200), ("/admin/status", 200), ("/nowhere", 404)] {
                    try await Wire.open(try #require(port())) { wire in
                        try await wire.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\(Self.field(.both))\r\n")
                        try await wire.read(until: "\r\n\r\n")
                        #expect(wire.received.hasPrefix("HTTP/1.1 \(status) "), "\(path): \(wire.received)")
                    }
                }
            })
    }

    /// The stream of events, which does not end, is in `docs/access.md` beside `/admin/status`.
    @Test(arguments: zip(Holder.allCases, [401, 401, 403, 200, 200]))
    private func eventsAreTheAdministrators(_ holder: Holder, _ status: Int) async throws {
        let access = try control()
        try await serving(ScriptedGenerator(), administration: Quiet(), configure: { $0.access = access }) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send("GET /admin/events HTTP/1.1\r\nHost: x\r\n\(Self.field(holder))\r\n")
                try await wire.read(until: "\r\n\r\n")
                #expect(wire.received.hasPrefix("HTTP/1.1 \(status) "), "\(wire.received)")
            }
        }
    }

    private static func field(_ holder: Holder) -> String {
        holder.secret.map { "Authorization: Bearer \($0)\r\n" } ?? ""
    }
}
