import Engine
import HTTPTypes
import HummingbirdTesting
import Server
import Testing

/// A server that is to end takes nothing new and finishes what it has.
@Suite(.timeLimit(.minutes(10))) struct DrainTests {
    private struct Quiet: ModelAdministration {
        func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel { .chat }
        func unload(_ name: String, patience: Duration) async throws {}
        var status: FleetStatus? { FleetStatus(units: []) }
    }

    private static let stream = #"{"prompt": "a", "stream": true}"#

    private func ask(_ port: Int, _ head: String, until text: String) async throws -> String {
        try await Wire.open(port) { wire in
            try await wire.send("\(head) HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            try await wire.read(until: text)
            return wire.received
        }
    }

    @Test func whatIsUnderWayFinishesAndThenTheServerEnds() async throws {
        let generator = ScriptedGenerator(Script(texts: ["one", "two"], isHeld: true))
        let (drained, end) = AsyncStream.makeStream(of: Void.self)
        try await serving(generator, administration: Quiet(), configure: { $0.onDrained = { end.yield() } }) {
            port, _ in
            try await Wire.open(port) { staying in
                try await staying.post("/v1/completions", Self.stream)
                try await eventually { generator.running == 1 }
                let begun = try await ask(port, "POST /admin/drain", until: "}")
                #expect(begun.contains(#"{"draining":true,"exit":true,"requests":1}"#), "\(begun)")
                try await Wire.open(port) { coming in
                    try await coming.post("/v1/completions", Self.stream)
                    try await coming.read(until: "unavailable_error")
                    #expect(coming.received.hasPrefix("HTTP/1.1 503"))
                    #expect(coming.received.lowercased().contains("\r\nretry-after: 5\r\n"))
                }
                #expect(try await ask(port, "GET /ready", until: "}").hasPrefix("HTTP/1.1 503"))
                #expect(try await ask(port, "GET /health", until: "}").hasPrefix("HTTP/1.1 200"))
                #expect(try await ask(port, "GET /admin/status", until: "}").contains(#""draining":true"#))
                #expect(generator.requests.count == 1)
                generator.release()
                try await staying.read(until: "data: [DONE]")
                #expect(staying.received.contains("one") && staying.received.contains("two"))
            }
            for await _ in drained { break }
        }
    }

    /// Operators are let in all the time, and who asks what there is.
    private static let steps: [(HTTPRequest.Method, String)] = [
        (.post, "/admin/drain?exit=perhaps"), (.get, "/ready"), (.post, "/admin/drain?exit=false"), (.get, "/ready"),
        (.post, "/v1/completions"), (.get, "/v1/models"), (.post, "/admin/models"), (.delete, "/admin/drain"),
        (.get, "/ready"), (.post, "/v1/completions"), (.get, "/admin/drain"),
    ]

    @Test func aServerThatStaysTakesRequestsAgain() async throws {
        let generator = ScriptedGenerator()
        let server = WeftServer(
            generator, administration: Quiet(),
            configuration: {
                var configuration = WeftServer.Configuration(port: 0)
                configuration.onDrained = { Issue.record("it was to stay") }
                return configuration
            }(), logger: .silent)
        try await server.application.test(.router) { client in
            var statuses: [Int] = []
            for (method, path) in Self.steps {
                let response = try await client.executeRequest(uri: path, method: method, headers: [:], body: nil)
                statuses.append(response.status.code)
            }
            #expect(statuses == [400, 200, 200, 503, 503, 200, 400, 200, 200, 400, 405])
        }
    }
}
