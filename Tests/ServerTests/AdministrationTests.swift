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

    /// Aliases of YAML could make much of a little.
    @Test(arguments: ["name: a\npath: b", #"{"name": &a "a", "path": *a}"#, "{", ""])
    func onlyJSONIsTaken(body: String) async throws {
        let answer = try await post(body, to: Administration())
        #expect(answer.status == 400 && answer.text.contains("invalid_json"), "\(answer)")
    }
}
