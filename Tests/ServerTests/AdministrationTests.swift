import Access
import Engine
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Server
import Synchronization
import Testing

/// What is asked of `/admin/models` is read like a model of a configuration.
struct AdministrationTests {
    /// Notes what it is asked to load.
    private final class Administration: ModelAdministration {
        let loaded = Mutex<[ModelConfiguration]>([])

        func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel {
            loaded.withLock { $0.append(model) }
            return .chat
        }
        func unload(_ name: String, patience: Duration) async throws {}

        var status: FleetStatus? { nil }
    }

    private func post(_ body: String, to administration: Administration) async throws -> (status: Int, text: String) {
        let server = WeftServer(
            ScriptedGenerator(), administration: administration, configuration: .init(), logger: .silent)
        return try await server.application.test(.router) { client in
            let response = try await client.executeRequest(
                uri: "/admin/models", method: .post, headers: [.contentType: "application/json"],
                body: ByteBuffer(string: body))
            return (response.status.code, String(buffer: response.body))
        }
    }

    @Test func aModelIsLoadedAsItIsAskedFor() async throws {
        let administration = Administration()
        let body = #"{"name": "\ud83e\uddf5 a", "path": "a.gguf", "shares": [8, 2], "pinned": true}"#
        #expect(try await post(body, to: administration).status == 200)
        var model = ModelConfiguration(name: "🧵 a", path: "a.gguf")
        (model.shares, model.pinned) = ([8, 2], true)
        #expect(administration.loaded.withLock { $0 } == [model])
    }

    @Test(arguments: [
        (#"{"name": "a", "pth": "b"}"#, "body:1: pth: is not known here", "pth"),
        (#"{"name": "a",\#n "path": "b", "chunk": "8"}"#, "body:2: chunk: must be an integer; is '8'", "chunk"),
        (#"{"name": "a", "path": "b", "shares": [11, 1]}"#, "body:1: shares[0]: must be between 1 and 10", "shares[0]"),
        (#"{"name": "a"}"#, "body:1: path: is missing", "path"), ("[]", "body:1: document: must be a mapping", ""),
    ])
    func faultsAreNamed(body: String, message: String, field: String) async throws {
        let administration = Administration()
        let answer = try await post(body, to: administration)
        let error = try JSONValue(answer.text).error
        #expect(answer.status == 400 && error?.code == "invalid_model")
        #expect(error?.param?.asText ?? "" == field)
        #expect(error?.message?.asText?.hasPrefix(message) == true, "\(answer.text)")
        #expect(administration.loaded.withLock { $0.isEmpty })
    }

    @Test func aLongBodyIsRefused() async throws {
        let shares = Array(repeating: "1", count: 40_000).joined(separator: ",")
        let answer = try await post(#"{"name": "a", "path": "b", "shares": [\#(shares)]}"#, to: Administration())
        #expect(answer.status == 413)
    }

    @Test(arguments: [
        ("?patience=7", 200, #"{"changes":[],"fields":["aliases"]}"#), ("", 200, "aliases"),
        ("?patience=x", 400, "patience"), ("?patience=-1", 400, "patience"),
    ])
    func aReloadIsAskedFor(query: String, status: Int, text: String) async throws {
        let asked = Mutex<[Duration]>([])
        let answer = try await reload(query) { patience in
            asked.withLock { $0.append(patience) }
            let old = ServeConfiguration(units: [])
            var new = old
            new.access.aliases = ["a": "b"]
            return ReloadReport(try ReloadPlan(from: old, to: new) { _ in [] })
        }
        #expect(answer.status == status && answer.text.contains(text), "\(answer)")
        #expect(asked.withLock { $0 } == (status == 400 ? [] : [.seconds(query.isEmpty ? 30 : 7)]))
    }

    @Test func faultsOfAReloadAreTold() async throws {
        let fault = "serve.yaml:7: models[1].rate: must be positive; is -1.0"
        let answer = try await reload("") { _ in throw ConfigurationError(fault) }
        #expect(answer.status == 400)
        #expect(try JSONValue(answer.text).error?.message?.asText == fault)
        #expect(try JSONValue(answer.text).error?.code == "invalid_configuration")
        let early = try await reload("") { _ in throw EngineError.unavailable("models are loading") }
        #expect(early.status == 503)
        let none = try await reload("", nil)
        #expect(none.status == 400 && none.text.contains("no_configuration"))
    }

    private func reload(
        _ query: String, _ body: (@Sendable (Duration) async throws -> ReloadReport)?
    ) async throws -> (status: Int, text: String) {
        var configuration = WeftServer.Configuration()
        configuration.reload = body
        let server = WeftServer(
            ScriptedGenerator(), administration: Administration(), configuration: configuration, logger: .silent)
        return try await server.application.test(.router) { client in
            let response = try await client.executeRequest(
                uri: "/admin/reload\(query)", method: .post, headers: [:], body: nil)
            return (response.status.code, String(buffer: response.body))
        }
    }

    /// Aliases of YAML could make much of a little.
    @Test(arguments: ["name: a\npath: b", #"{"name": &a "a", "path": *a}"#, "{", ""])
    func onlyJSONIsTaken(body: String) async throws {
        let answer = try await post(body, to: Administration())
        #expect(answer.status == 400 && answer.text.contains("invalid_json"), "\(answer)")
    }
}
