import Server
import ServiceLifecycle
import Testing

/// Many connections, most of which ask for nothing.
@Suite(.timeLimit(.minutes(10))) struct CrowdTests {
    /// Opens `count` connections that each send `text`, and keeps them while `body` runs.
    private func crowd(
        _ count: Int, sending text: String, _ port: Int, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body() }
        try await Wire.open(port) { wire in
            try await wire.send(text)
            try await crowd(count - 1, sending: text, port, body)
        }
    }

    private func expectHealth(_ port: Int) async throws {
        try await Wire.open(port) { wire in
            try await wire.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            try await wire.read(until: "\"ok\"}")
        }
    }

    @Test(
        "Fault 18: connections that ask for nothing yield",
        arguments: [
            "", "G", "GET /health HTTP/1.1\r\nHo",
            "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        ])
    func connectionsThatAskForNothingYield(text: String) async throws {
        try await serving(ScriptedGenerator()) {
            $0.connectionLimit = 8
            $0.probeConnections = 0
        } _: { port, _ in
            try await crowd(20, sending: text, port) {
                try await Wire.open(port) { wire in
                    try await wire.post("/v1/completions", #"{"prompt": "a"}"#)
                    try await wire.read(until: "Hello you")
                }
            }
        }
    }

    @Test func whoeverWaitsForAnAnswerKeepsItsPlace() async throws {
        let generator = ScriptedGenerator(.held)
        try await serving(generator) {
            $0.connectionLimit = 2
            $0.probeConnections = 1
        } _: { port, _ in
            try await Wire.open(port) { first in
                try await first.post("/v1/completions", #"{"prompt": "a"}"#)
                try await Wire.open(port) { second in
                    try await second.post("/v1/completions", #"{"prompt": "a"}"#)
                    try await eventually { generator.running == 2 }
                    // There is no place any more, but one for those who ask how the server is.
                    try await expectHealth(port)
                    try await Wire.open(port) { third in
                        try await third.post("/v1/completions", #"{"prompt": "a"}"#)
                        try await third.readToEnd()
                        #expect(third.received.hasPrefix("HTTP/1.1 503 "))
                        #expect(third.received.lowercased().contains("retry-after: "))
                    }
                    generator.release()
                    try await second.read(until: "Hello you")
                }
                try await first.read(until: "Hello you")
            }
        }
    }

    @Test("Fault 18: a head has its time however slowly it comes")
    func aHeadHasItsTimeHoweverSlowlyItComes() async throws {
        try await serving(ScriptedGenerator()) {
            $0.headTimeout = .milliseconds(300)
            $0.idleTimeout = .seconds(3600)
        } _: { port, _ in
            try await Wire.open(port) { wire in
                for byte in "GET /health HTTP/1.1\r\nX: " + String(repeating: "x", count: 200) {
                    do { try await wire.send(String(byte)) } catch { break }
                    try await Task.sleep(for: .milliseconds(10))
                }
                try? await wire.readToEnd()
            }
        }
    }

    @Test(arguments: [
        "G", "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "POST /detokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"tok",
    ])
    func shutdownDoesNotWaitForHalfOfARequest(text: String) async throws {
        try await serving(ScriptedGenerator()) {
            $0.bodyTimeout = .seconds(3600)
        } _: { port, services in
            try await Wire.open(port) { wire in
                try await wire.send(text)
                try await expectHealth(port)
                await services.triggerGracefulShutdown()
                try? await wire.readToEnd()
            }
        }
    }

    @Test func shutdownDoesNotWaitForWhoDoesNotRead() async throws {
        let loud = Script(texts: [String(repeating: "x", count: 1 << 16)], isEndless: true, pause: .milliseconds(1))
        let generator = ScriptedGenerator(loud)
        try await serving(generator) {
            $0.stallTimeout = .seconds(3600)
        } _: { port, services in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                try await eventually { generator.requests.count == 1 }
                try await Task.sleep(for: .milliseconds(300))
                await services.triggerGracefulShutdown()
                try await eventually { generator.running == 0 }
            }
        }
    }
}
