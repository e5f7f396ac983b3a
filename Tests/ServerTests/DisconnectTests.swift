import Server
import Testing

/// A client that goes away frees its sequences, whatever it waited for.
@Suite(.timeLimit(.minutes(10))) struct DisconnectTests {
    private static let chat = #""model": "tiny", "messages": [{"role": "user", "content": "hi"}]"#

    @Test(
        "Fault 19: before the first token",
        arguments: ["\"stream\": true", "\"stream\": false", "\"stream\": true, \"n\": 3", "\"n\": 3"])
    func beforeTheFirstToken(fields: String) async throws {
        let generator = ScriptedGenerator(.held)
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/chat/completions", "{\(Self.chat), \(fields)}")
                try await eventually { generator.running == (fields.contains("n\": 3") ? 3 : 1) }
            }
            try await eventually { generator.running == 0 }
            #expect(generator.cancelled == generator.requests.count)
        }
    }

    @Test("Fault 19: in the middle of a stream")
    func inTheMiddleOfAStream() async throws {
        let generator = ScriptedGenerator(.endless)
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/chat/completions", "{\(Self.chat), \"stream\": true}")
                try await wire.read(until: "you")
            }
            try await eventually { generator.running == 0 }
            #expect(generator.cancelled == 1)
        }
    }

    @Test("Fault 19: in the middle of an answer that is not streamed")
    func inTheMiddleOfAnAnswerThatIsNotStreamed() async throws {
        let generator = ScriptedGenerator(.endless)
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", #"{"prompt": ["a", "b"]}"#)
                try await eventually { generator.running == 2 }
            }
            try await eventually { generator.running == 0 }
            #expect(generator.cancelled == 2)
        }
    }

    @Test func onAConnectionThatServedOthersBefore() async throws {
        let generator = ScriptedGenerator(.held)
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                for _ in 0..<2 {
                    try await wire.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    try await wire.read(until: "\"ok\"}")
                    wire.forget()
                }
                try await wire.post("/v1/completions", #"{"prompt": "a"}"#)
                try await eventually { generator.running == 1 }
            }
            try await eventually { generator.running == 0 }
        }
    }

    @Test func othersGoOn() async throws {
        let generator = ScriptedGenerator(.held)
        try await serving(generator) { port, _ in
            try await Wire.open(port) { staying in
                try await staying.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                try await eventually { generator.running == 1 }
                try await Wire.open(port) { leaving in
                    try await leaving.post("/v1/completions", #"{"prompt": "a"}"#)
                    try await eventually { generator.running == 2 }
                }
                try await eventually { generator.running == 1 }
                generator.release()
                try await staying.read(until: "data: [DONE]")
                #expect(generator.cancelled == 1)
            }
        }
    }

    @Test("Fault 18: a reader that stops reading is cut off")
    func aReaderThatStopsReadingIsCutOff() async throws {
        let loud = Script(texts: [String(repeating: "x", count: 1 << 16)], isEndless: true, pause: .milliseconds(1))
        let generator = ScriptedGenerator(loud)
        try await serving(generator) {
            $0.stallTimeout = .milliseconds(200)
        } _: { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                try await eventually { generator.requests.count == 1 && generator.running == 0 }
                #expect(generator.cancelled == 1)
            }
        }
    }

    @Test func aSlowReaderGetsAllOfIt() async throws {
        let texts = (0..<100).map { "<\($0)>" + String(repeating: "x", count: 1 << 15) }
        let generator = ScriptedGenerator(Script(texts: texts))
        try await serving(generator) { port, _ in
            try await Wire.open(port) { wire in
                try await wire.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                try await eventually { generator.requests.count == 1 && generator.running == 0 }
                try await wire.read(until: "data: [DONE]")
                for index in 0..<100 { #expect(wire.received.contains("<\(index)>")) }
            }
        }
    }
}
