import Server
import ServiceLifecycle
import Testing

/// What only a real socket shows: sizes, times, and the end of the server.
@Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
    private static let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
    private static let chunkedHead =
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    private func expectHealthy(_ wire: inout Wire) async throws {
        wire.forget()
        try await wire.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        try await wire.read(until: "\"ok\"}")
    }

    @Test("Fault 17: a body of three megabytes is too large")
    func aBodyOfThreeMegabytesIsTooLarge() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", String(repeating: "x", count: 3_000_000))
                try await wire.read(until: "\"body_too_large\"")
                #expect(wire.received.hasPrefix("HTTP/1.1 413"))
                try await expectHealthy(&wire)
            }
        }
    }

    @Test func aChunkedBodyOfThreeMegabytesIsTooLarge() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send(Self.chunkedHead)
                for _ in 0..<48 { try await wire.send(Self.chunk) }
                try await wire.send("0\r\n\r\n")
                try await wire.read(until: "\"body_too_large\"")
                #expect(wire.received.hasPrefix("HTTP/1.1 413"))
                try await expectHealthy(&wire)
            }
        }
    }

    @Test("Fault 17: a body without end is cut off")
    func aBodyWithoutEndIsCutOff() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send(Self.chunkedHead)
                // The server reads 16 MiB away and waits no longer; what follows may meet a closed connection.
                for _ in 0..<300 { try? await wire.send(Self.chunk) }
                try? await wire.readToEnd()
                #expect(wire.received.isEmpty || wire.received.hasPrefix("HTTP/1.1 413"))
            }
            try await Wire.open(port) { wire in try await expectHealthy(&wire) }
        }
    }

    @Test func anAnnouncedBodyThatIsTooLargeNeedNotBeSent() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send(
                    "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n"
                        + "Expect: 100-continue\r\n\r\n")
                try await wire.readToEnd()
                #expect(wire.received.hasPrefix("HTTP/1.1 413"))
                #expect(wire.received.lowercased().contains("connection: close"))
            }
        }
    }

    /// As curl sends bodies beyond a megabyte.
    @Test func aClientThatAsksFirstIsBiddenToSendItsBody() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                let body = #"{"prompt": "x", "max_tokens": 1}"#
                for _ in 0..<2 {
                    wire.forget()
                    try await wire.send(
                        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n"
                            + "Expect: 100-continue\r\n\r\n")
                    try await wire.read(until: "HTTP/1.1 100 Continue\r\n\r\n")
                    try await wire.send(body)
                    try await wire.read(until: "\"total_tokens\"")
                    #expect(wire.received.contains("\r\n\r\nHTTP/1.1 200 OK\r\n"))
                }
                try await expectHealthy(&wire)
            }
        }
    }

    @Test("Fault 18: a body that does not arrive times out")
    func aBodyThatDoesNotArriveTimesOut() async throws {
        try await serving(ScriptedGenerator()) {
            $0.bodyTimeout = .milliseconds(100)
        } _: { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
                try await wire.readToEnd()
                #expect(wire.received.hasPrefix("HTTP/1.1 408"))
                #expect(wire.received.contains("\"body_timeout\""))
            }
        }
    }

    @Test(arguments: ["", "POST /v1/completions HTTP/1.1\r\nHost: x\r\nX-Slow"])
    func idleConnectionsAreClosed(sent: String) async throws {
        try await serving(ScriptedGenerator()) {
            $0.idleTimeout = .milliseconds(100)
        } _: { port, _ in
            try await Wire.open(port) { wire in
                // A client that is late on a busy machine may find its connection closed already.
                try? await wire.send(sent)
                try? await wire.readToEnd()
            }
        }
    }

    @Test func anAnswerMayTakeLongerThanAnIdleConnection() async throws {
        let generator = ScriptedGenerator(.held)
        try await serving(generator) {
            $0.idleTimeout = .seconds(5)
        } _: { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", #"{"prompt": "a"}"#)
                try await eventually { generator.running == 1 }
                // A connection that came later and idles is closed before this one is answered.
                try await Wire.open(port) { idle in try? await idle.readToEnd() }
                generator.release()
                try await wire.read(until: "Hello you")
            }
        }
    }

    @Test func connectionsAreKeptForTheNextRequest() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                for stream in [true, false, true, false] {
                    wire.forget()
                    try await wire.post("/v1/completions", #"{"prompt": "a", "stream": \#(stream)}"#)
                    try await wire.read(until: stream ? "0\r\n\r\n" : "}}")
                    #expect(wire.received.hasPrefix("HTTP/1.1 200"))
                }
                try await expectHealthy(&wire)
            }
        }
    }

    @Test("Fault 27: shutdown lets answers under way end")
    func shutdownLetsAnswersUnderWayEnd() async throws {
        let generator = ScriptedGenerator(Script(pause: .milliseconds(50)))
        try await serving(generator) {
            $0.shutdownTimeout = .seconds(3600)
        } _: { port, services in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                try await wire.read(until: "Hel")
                await services.triggerGracefulShutdown()
                try await wire.readToEnd()
                #expect(wire.received.contains("data: [DONE]"))
            }
        }
        #expect(generator.cancelled == 0)
    }

    @Test("Fault 27: shutdown breaks off answers that do not end")
    func shutdownBreaksOffAnswersThatDoNotEnd() async throws {
        let generator = ScriptedGenerator(.endless)
        try await serving(generator) { port, services in
            try await Wire.open(port) { streaming in
                try await streaming.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                try await streaming.read(until: "Hel")
                try await Wire.open(port) { waiting in
                    try await waiting.post("/v1/completions", #"{"prompt": "a"}"#)
                    try await eventually { generator.running == 2 }
                    await services.triggerGracefulShutdown()
                    try await waiting.readToEnd()
                    #expect(waiting.received.hasPrefix("HTTP/1.1 503"))
                }
                try await streaming.readToEnd()
                #expect(streaming.received.contains("shutting down"))
                #expect(!streaming.received.contains("[DONE]"))
            }
        }
        #expect(generator.running == 0)
    }

    @Test func aPortInUseIsAnError() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            await #expect(throws: (any Error).self) {
                try await serving(ScriptedGenerator()) {
                    $0.port = port
                } _: { _, _ in
                }
            }
        }
    }
}
