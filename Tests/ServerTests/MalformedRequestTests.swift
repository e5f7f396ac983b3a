import Foundation
import NIOCore
import Server
import Testing

/// What is no request of HTTP/1.1 is refused as its specification says, and never reaches a route.
@Suite(.timeLimit(.minutes(10))) struct MalformedRequestTests {
    private static let body = #"{"prompt": "a"}"#

    @Test(arguments: [
        ("GET /health HTTP/1.1\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501),
        ("POST /tokenize HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775808\r\n\r\n{}", 400),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n{}", 400),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}", 400),
        ("POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        ("GET /health HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        ("GET /health HTTP/1.1\r\nHost: x\r\nbad name: 1\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1} hello\r\n\r\n", 400),
    ])
    func isRefused(request: String, status: Int) async throws {
        let generator = ScriptedGenerator()
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send(request)
                try await wire.readToEnd()
                #expect(wire.received.hasPrefix("HTTP/1.1 \(status) "), "\(wire.received)")
                #expect(wire.received.contains("\"malformed_request\""))
                #expect(wire.received.components(separatedBy: "HTTP/1.1 ").count == 2)
            }
        }
        #expect(generator.requests.isEmpty)
    }

    @Test func fieldsBeyondAllMeasureAreRefused() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                try? await wire.send(
                    "GET /health HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n")
                try? await wire.readToEnd()
                #expect(wire.received.isEmpty || wire.received.hasPrefix("HTTP/1.1 431 "))
            }
        }
    }

    @Test func olderClientsNeedNotNameTheHost() async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send("GET /health HTTP/1.0\r\n\r\n")
                try await wire.readToEnd()
                #expect(wire.received.hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test func earlierRequestsAreAnsweredFirst() async throws {
        try await serving(ScriptedGenerator(Script(pause: .milliseconds(20)))) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", Self.body)
                try await wire.send("GET /health HTTP/1.1\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                try await wire.readToEnd()
                let answers = wire.received.components(separatedBy: "HTTP/1.1 ").dropFirst().map { $0.prefix(3) }
                #expect(answers == ["200", "400"])
            }
        }
    }

    @Test(arguments: [
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"con",
        "POST /tokenize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n",
        "GET /hea",
    ])
    func aRequestThatIsCutShortIsTheClientsFault(request: String) async throws {
        let log = LogRecorder()
        try await serving(ScriptedGenerator(), log: log.logger) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send(request)
                try await wire.finishSending()
                try await wire.readToEnd()
                #expect(wire.received.isEmpty || wire.received.hasPrefix("HTTP/1.1 400 "), "\(wire.received)")
            }
        }
        #expect(!log.all.contains { $0.contains("Request failed") }, "\(log.all)")
    }

    /// After it the parser reads nothing more from the connection.
    @Test(arguments: [
        "GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    ])
    func anUpgradeThatNobodyAnsweredClosesTheConnection(request: String) async throws {
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.send(request)
                try await wire.readToEnd()
                #expect(wire.received.hasPrefix("HTTP/1.1 "))
                #expect(wire.received.lowercased().contains("connection: close"))
            }
        }
    }
}
