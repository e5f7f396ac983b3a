import Engine
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Server
import Testing

/// What `/openapi.json` says, held against what the server does.
@Suite struct OpenAPITests {
    private struct Quiet: ModelAdministration {
        func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel { .chat }
        func unload(_ name: String, patience: Duration) async throws {}
        var status: FleetStatus? { FleetStatus(units: []) }
    }

    private static let models: [ServedModel] = [.chat, .tools, .embedder, .ranker, InfillTests.model]

    private func document() async throws -> [String: Any] {
        let reply = try await ask(.init(), .get, "/openapi.json")
        #expect(reply.status == 200 && reply.headers[.contentType] == "application/json")
        return try #require(JSONSerialization.jsonObject(with: Data(reply.text.utf8)) as? [String: Any])
    }

    private func server(_ script: Script = Script()) -> WeftServer {
        WeftServer(
            ScriptedGenerator(script, models: Self.models), administration: Quiet(),
            configuration: .init(version: "0.0.1"), logger: .silent)
    }

    /// Every route that is registered is described with the methods that it takes, and nothing else is.
    @Test func allRoutesAreDescribedAndNothingElse() async throws {
        let paths = try #require(try await document()["paths"] as? [String: [String: Any]])
        let described = paths.mapValues { Set($0.keys).subtracting(["parameters"]) }
        let server = server()
        try await server.application.test(.router) { client in
            var served: [String: Set<String>] = [:]
            for path in server.paths {
                // No route takes it, so that the answer says which methods there are.
                let name = path.replacing("**", with: "tiny")
                let reply = try await client.executeRequest(
                    uri: name, method: .options, headers: [:], body: nil)
                #expect(reply.status == .methodNotAllowed, "\(path)")
                let methods = (reply.headers[.allow] ?? "").lowercased().split(separator: ", ").map(String.init)
                served[path.replacing("**", with: "{model}")] = Set(methods).subtracting(["head"])
            }
            #expect(Set(served.keys) == Set(described.keys))
            for (path, methods) in served { #expect(described[path] == methods, "\(path)") }
        }
    }

    /// Also where a server is not configured for what is asked.
    @Test func whatIsAnsweredIsDescribed() async throws {
        let paths = try #require(try await document()["paths"] as? [String: [String: Any]])
        let described = paths.compactMapValues { item in
            ((item["get"] as? [String: Any])?["responses"] as? [String: Any]).map { Set($0.keys) }
        }
        #expect(described.count > 10)
        try await server().application.test(.router) { client in
            // Events do not end.
            for (path, statuses) in described where path != "/admin/events" {
                let reply = try await client.executeRequest(
                    uri: path.replacing("{model}", with: "tiny"), method: .get, headers: [:], body: nil)
                #expect(statuses.contains("\(reply.status.code)"), "\(path): \(reply.status)")
            }
        }
    }

    @Test func theAddressOfTheModelsHasIt() async throws {
        let document = try await document()
        #expect(document["openapi"] as? String == "3.1.0")
        #expect((document["info"] as? [String: String])?["version"] == "0.0.1")
        let text = try await ask(.init(), .get, "/openapi.json").text
        let names = text.matches(of: #/"#\/components\/schemas\/(\w+)"/#).map { String($0.1) }
        let schemas = try #require((document["components"] as? [String: Any])?["schemas"] as? [String: Any])
        #expect(Set(names).isSubset(of: schemas.keys) && names.count > 100)
        #expect(Set(schemas.keys).subtracting(names) == ["ChatCompletionChunk"], "all others are used by a route")
        let ids = text.matches(of: #/"operationId":"(\w+)"/#).map { String($0.1) }
        #expect(Set(ids).count == ids.count, "each operation has a name of its own")
    }

    /// The main shapes of requests and answers, judged by PyPI `jsonschema`; the document, by PyPI
    /// `openapi-spec-validator`.
    @Test(.timeLimit(.minutes(10))) func requestsAndAnswersAreWhatItSays() async throws {
        struct Sample: Encodable {
            var method: String
            var path: String
            var status: Int
            var request: String?
            var answer: String
            /// Whether what was sent is right.
            var isRight: Bool
        }
        let messages = #""messages": [{"role": "user", "content": "hi"}]"#
        let tools = #""tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]"#
        let bodies: [(String, String)] = [
            ("/v1/chat/completions", "{\"model\": \"tiny\", \(messages)}"),
            ("/v1/chat/completions", "{\"model\": \"tiny\", \(messages), \"logprobs\": true, \"top_logprobs\": 2}"),
            (
                "/v1/chat/completions",
                "{\"model\": \"tools\", \(messages), \(tools), \"tool_choice\": \"auto\", \"stop\": [\"x\"], \"n\": 2}"
            ),
            ("/v1/chat/completions", "{\"model\": \"tiny\", \"messages\": []}"),
            ("/v1/chat/completions", "{\"model\": \"tiny\", \(messages), \"temperature\": 3}"),
            ("/v1/chat/completions", "{\"model\": \"nobody\", \(messages)}"),
            ("/v1/completions", #"{"model": "tiny", "prompt": "a", "max_tokens": 3, "logit_bias": {"7": -1}}"#),
            ("/v1/completions", #"{"model": "tiny", "prompt": [[1, 2], [3]], "n": 2}"#),
            ("/v1/completions", #"{"model": "tiny", "prompt": 3}"#),
            ("/v1/responses", #"{"model": "tiny", "input": "hi", "max_output_tokens": 4}"#),
            ("/v1/responses", #"{"model": "tiny", "input": "hi", "previous_response_id": "x"}"#),
            ("/v1/messages", "{\"model\": \"tiny\", \"max_tokens\": 5, \(messages)}"),
            ("/v1/messages", "{\"model\": \"tiny\", \"max_tokens\": 0, \(messages)}"),
            ("/v1/messages/count_tokens", "{\"model\": \"tiny\", \(messages)}"),
            ("/v1/embeddings", #"{"model": "vectors", "input": ["a", "b"], "encoding_format": "float"}"#),
            ("/v1/embeddings", #"{"model": "vectors", "input": "a", "encoding_format": "hex"}"#),
            ("/v1/rerank", #"{"model": "ranks", "query": "a", "documents": ["a", {"text": "b"}], "top_n": 1}"#),
            ("/infill", #"{"model": "\#(InfillTests.model.name)", "input_prefix": "a", "input_suffix": "b"}"#),
            ("/apply-template", "{\"model\": \"tiny\", \(messages)}"),
            ("/tokenize", #"{"model": "tiny", "content": "abc", "with_pieces": true}"#),
            ("/detokenize", #"{"model": "tiny", "tokens": [97, 98]}"#),
            ("/api/chat", "{\"model\": \"tiny\", \"stream\": false, \(messages)}"),
            ("/api/generate", #"{"model": "tiny", "stream": false, "prompt": "a"}"#),
            ("/api/embed", #"{"model": "vectors", "input": "a"}"#),
            ("/api/embeddings", #"{"model": "vectors", "prompt": "a"}"#),
            ("/api/show", #"{"model": "tiny"}"#), ("/api/show", #"{"model": 7}"#),
            ("/admin/models", #"{"name": "a", "path": "a.gguf"}"#), ("/admin/models", #"{"name": "a"}"#),
        ]
        let asked: [(HTTPRequest.Method, String, String?)] =
            bodies.map { (.post, $0, $1) }
            + [
                "/v1/models", "/v1/models/tiny", "/v1/models/nobody", "/api/tags", "/api/ps", "/api/version", "/health",
                "/v1/health", "/ready", "/version", "/admin/status", "/openapi.json",
            ].map { (.get, $0, nil) } + [(.delete, "/admin/models/tiny", nil)]
        let samples = try await server().application.test(.router) { client in
            var samples: [Sample] = []
            for (method, path, body) in asked {
                let reply = try await client.executeRequest(
                    uri: path, method: method, headers: [:], body: body.map { ByteBuffer(string: $0) })
                samples.append(
                    Sample(
                        method: method.rawValue.lowercased(), path: path, status: reply.status.code, request: body,
                        answer: String(buffer: reply.body), isRight: reply.status.code != 400))
            }
            return samples
        }
        #expect(samples.count { $0.status == 200 } > 25 && samples.contains { $0.status == 404 })
        let file = FileManager.default.temporaryDirectory.appending(path: "weft-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try JSONEncoder().encode(samples).write(to: file)
        try await ClientTests.check("openapi.py", [file.path])
    }
}
