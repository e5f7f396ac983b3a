import HTTPTypes
import NIOCore
import Server
import Testing

/// Answers that are large, and clients that do not read them.
@Suite(.timeLimit(.minutes(10))) struct AnswerLimitTests {
    private func post(_ path: String, _ body: String) async throws -> Reply {
        try await ask(.init(), .post, path, body)
    }

    private static func tokens(_ count: Int, _ token: Int = 97) -> String {
        #"{"tokens": [\#(Array(repeating: "\(token)", count: count).joined(separator: ","))]}"#
    }

    @Test func textThatIsTooLongIsRefused() async throws {
        try await serving(ScriptedGenerator()) {
            $0.answerLimit = 1000
        } _: { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/detokenize", Self.tokens(1001))
                try await wire.read(until: "}}")
                #expect(wire.received.hasPrefix("HTTP/1.1 400 "))
                #expect(wire.received.contains("\"answer_too_large\""))
                wire.forget()
                try await wire.post("/detokenize", Self.tokens(1000))
                try await wire.read(until: "aa\"}")
            }
        }
    }

    @Test func tokensThatAreTooManyAreRefused() async throws {
        let content = String(repeating: "x", count: 1_000_000)
        for fields in ["", #", "with_pieces": true"#] {
            let reply = try await post("/tokenize", #"{"content": "\#(content)"\#(fields)}"#)
            #expect(reply.status == 400)
            #expect(try reply.error?.code == "answer_too_large")
        }
    }

    @Test func largeAnswersArriveWhole() async throws {
        let reply = try await post("/detokenize", Self.tokens(400_000))
        #expect(try reply.json.content?.asText?.utf8.count == 400_000)
        try await serving(ScriptedGenerator()) { port, _ in
            try await Wire.open(port) { wire in
                for _ in 0..<3 {
                    wire.forget()
                    try await wire.post("/detokenize", Self.tokens(400_000))
                    try await wire.read(until: "\"}")
                    #expect(wire.received.hasSuffix(String(repeating: "a", count: 400_000) + "\"}"))
                }
            }
        }
    }

    @Test func whoDoesNotReadAnAnswerIsCutOff() async throws {
        try await serving(ScriptedGenerator()) {
            $0.bodyLimit = 64 << 20
            $0.answerLimit = 64 << 20
            $0.stallTimeout = .milliseconds(300)
        } _: { port, _ in
            try await Wire.open(port) { wire in
                // Fourteen megabytes, more than the system's own buffers hold.
                try await wire.post("/detokenize", Self.tokens(2_000_000, 257))
                try await wire.read(until: "HTTP/1.1 200 ")
                try await Task.sleep(for: .seconds(5))
                try? await wire.readToEnd()
                #expect(wire.received.utf8.count < 14_000_000)
            }
        }
    }

    @Test("Fault 18: answers that nobody reads are bounded together")
    func answersThatNobodyReadsAreBoundedTogether() async throws {
        try await serving(ScriptedGenerator()) {
            $0.answerMemory = 1_000_000
        } _: { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/detokenize", Self.tokens(500_000))
                try await wire.read(until: "\"}")
                #expect(wire.received.hasPrefix("HTTP/1.1 200 "))
                wire.forget()
                try await wire.post("/tokenize", #"{"content": "\#(String(repeating: "x", count: 500_000))"}"#)
                try await wire.read(until: "}")
                #expect(wire.received.hasPrefix("HTTP/1.1 503 "))
            }
        }
    }
}
