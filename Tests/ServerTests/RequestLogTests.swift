import Engine
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Server
import Testing

/// What the log says of a request at its end.
@Suite(.timeLimit(.minutes(10))) struct RequestLogTests {
    /// The lines of a log that has `settings`, of what `body` does.
    private func lines(
        _ settings: LogConfiguration, of generator: ScriptedGenerator = ScriptedGenerator(),
        _ body: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws -> [String] {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        writer.settings = settings
        let server = WeftServer(
            generator, configuration: .init(), logger: Logger(label: "weft", factory: writer.handler), log: writer)
        try await server.application.test(.router) { try await body($0) }
        await writer.flush(within: .seconds(5))
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }

    private func requests(
        _ settings: LogConfiguration = .json, of generator: ScriptedGenerator = ScriptedGenerator(),
        _ body: @Sendable (any TestClientProtocol) async throws -> Void
    ) async throws -> [JSONValue] {
        try await lines(settings, of: generator, body).map { try JSONValue($0) }.filter {
            $0.message == "request ended"
        }
    }

    private static let chat = #"{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}"#

    private static func post(
        _ client: any TestClientProtocol, _ path: String, _ body: String, id: String = "r-1"
    ) async throws {
        let name = try #require(HTTPField.Name("x-request-id"))
        _ = try await client.executeRequest(
            uri: path, method: .post, headers: [name: id], body: ByteBuffer(string: body))
    }

    @Test(arguments: [chat, chat.dropLast() + #", "stream": true}"#])
    func aRequestIsOneLine(body: String) async throws {
        let lines = try await requests { try await Self.post($0, "/v1/chat/completions", body) }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(line.request == "r-1" && line.method == "POST" && line.path == "/v1/chat/completions")
        #expect(line.level == "info" && line.logger == "weft" && line.status == 200 && line.model == "tiny")
        #expect(line.prompt_tokens == 9 && line.output_tokens == 3 && line.cached_tokens == 2 && line.end == "stop")
        #expect(line.queue == 0.1 && line.prefill == 0.2 && line.decode == 0.3)
        #expect(line.seconds?.asNumber ?? -1 >= 0 && line.time?.asText != nil)
        #expect(line.caller == nil && line.prompts == nil)
    }

    @Test func severalSequencesAreSummed() async throws {
        let lines = try await requests {
            try await Self.post($0, "/v1/completions", #"{"prompt": ["ab", "abc"], "n": 2}"#)
        }
        // Each prompt counts once, with the token that begins it.
        #expect(lines[0].prompt_tokens == 7 && lines[0].cached_tokens == 4 && lines[0].output_tokens == 12)
        #expect(lines[0].queue == 0.1)
    }

    @Test func textsThatAreReadAreCounted() async throws {
        let lines = try await requests(of: ScriptedGenerator(models: [.embedder])) {
            try await Self.post($0, "/v1/embeddings", #"{"model": "vectors", "input": ["ab", "c"]}"#)
        }
        #expect(lines[0].model == "vectors" && lines[0].prompt_tokens == 5 && lines[0].output_tokens == 0)
    }

    @Test func failuresAreNamed() async throws {
        func end(_ script: Script, _ body: String) async throws -> (status: JSONValue?, end: JSONValue?) {
            let lines = try await requests(of: ScriptedGenerator(script)) {
                try await Self.post($0, "/v1/chat/completions", body)
            }
            return (lines.first?.status, lines.first?.end)
        }
        let lost = Script(failure: .unitFailed(unit: "u", model: "tiny", reason: "lost"))
        #expect(try await end(lost, Self.chat) == (503, "unavailable"))
        #expect(try await end(lost, Self.chat.dropLast() + #", "stream": true}"#) == (200, "unavailable"))
        #expect(try await end(Script(), "{") == (400, "invalid_json"))
        #expect(try await end(Script(), Self.chat.replacing("tiny", with: "big")) == (404, "model_not_found"))
    }

    @Test func aClientThatLeavesIsNamed() async throws {
        let log = LogRecorder()
        let generator = ScriptedGenerator(.endless)
        try await serving(generator, log: log.logger) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/chat/completions", Self.chat.dropLast() + #", "stream": true}"#)
                try await wire.read(until: "you")
            }
            try await eventually { log.all.contains { $0.contains("request ended") } }
        }
        let line = try #require(log.all.first { $0.contains("request ended") })
        #expect(line.contains("client_closed_request") && line.contains("output_tokens"), "\(line)")
    }

    @Test func promptsAreLoggedWhereAskedFor() async throws {
        let body = Self.chat.replacing("hi", with: #"secret\nrequest ended \u001b[2J"#)
        var settings = LogConfiguration.json
        let without = try await lines(settings) { try await Self.post($0, "/v1/chat/completions", body) }
        #expect(!without.contains { $0.contains("secret") })
        settings.prompts = true
        let with = try await lines(settings) { try await Self.post($0, "/v1/chat/completions", body) }
        #expect(with.count == 1 && !with[0].contains("\u{1b}"))
        let prompt = try JSONValue(with[0]).prompts?[0]?.asText
        #expect(prompt?.contains("user: secret\nrequest ended \u{1b}[2J") == true, "\(with)")
    }

    /// Whatever a client sends, a line stays one, and its fields stay its own.
    @Test func nobodyForgesLinesOrFields() async throws {
        let path = "/x\nforged\u{1b}[2J\u{2028}\u{202e} status=200 end=\"stop\""
        for format in LogConfiguration.Format.allCases {
            var settings = LogConfiguration()
            settings.format = format
            let lines = try await lines(settings) { client in
                _ = try await client.executeRequest(uri: path, method: .get, headers: [:], body: nil)
            }
            #expect(lines.count == 1)
            let line = try #require(lines.first)
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0 == "\u{2028}" || $0 == "\u{202e}" })
            switch format {
            case .json:
                #expect(try JSONValue(line).status == 404)
                #expect(try JSONValue(line).end == "not_found")
            case .text:
                // Outside of quotes there is one status, the server's.
                let bare = line.replacing(#/"(\\.|[^"\\])*"/#, with: "")
                #expect(bare.matches(of: #/ status=/#).count == 1 && bare.contains(" status=404 "), "\(line)")
            }
        }
    }

    @Test func levelsMayChange() async throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "weft", factory: writer.handler)
        logger.debug("one")
        writer.settings.level = .debug
        logger.debug("two")
        writer.settings.level = .error
        logger.warning("three")
        logger.error("four")
        await writer.flush(within: .seconds(5))
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(text.split(separator: "\n").compactMap { $0.split(separator: " ").last } == ["two", "four"])
    }
}

extension LogConfiguration {
    static var json: LogConfiguration {
        var settings = LogConfiguration()
        settings.format = .json
        return settings
    }
}
