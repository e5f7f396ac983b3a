import Engine
import Foundation
import Quantities
import Server
import Testing
import Tokenization

/// Long work on some requests holds up no others.
@Suite(.serialized, .timeLimit(.minutes(10))) struct PaceTests {
    /// As slow as a real one: a fifth of a second for two megabytes, and no wait in it.
    private struct SlowTokenizer: Tokenizer {
        let bytes = ByteTokenizer()
        var vocabularySize: Int { bytes.vocabularySize }
        var endOfTextTokens: Set<TokenID> { bytes.endOfTextTokens }

        func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID] {
            let end = ContinuousClock.now + .nanoseconds(text.utf8.count * 100)
            while ContinuousClock.now < end {}
            return [0]
        }

        func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8] { [0x61] }
    }

    private static let model = ServedModel(
        name: "tiny", created: 0, contextLength: 512, tokenizer: SlowTokenizer(), chatTemplate: nil)

    /// The longest time between two reads of a stream while so many bodies of two megabytes are tokenised.
    private func longestGap(beside count: Int) async throws -> Duration {
        let script = Script(isEndless: true, pause: .milliseconds(10))
        let content = String(repeating: "x", count: (2 << 20) - 100)
        return try await serving(ScriptedGenerator(script, models: [Self.model])) { port, _ in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<count {
                    group.addTask {
                        try await Wire.open(port) { wire in
                            try await wire.post("/tokenize", #"{"content": "\#(content)"}"#)
                            try await wire.read(until: "\"tokens\"")
                            return wire.received.hasPrefix("HTTP/1.1 200 ")
                        }
                    }
                }
                let gap = try await Wire.open(port) { wire in
                    try await wire.post("/v1/completions", #"{"prompt": "a", "stream": true}"#)
                    var (longest, last) = (Duration.zero, ContinuousClock.now)
                    let end = last + .seconds(4)
                    while ContinuousClock.now < end {
                        wire.forget()
                        try await wire.read(until: "data: ")
                        longest = max(longest, last.duration(to: .now))
                        last = .now
                    }
                    return longest
                }
                for try await isServed in group { #expect(isServed) }
                return gap
            }
        }
    }

    @Test func streamsKeepTheirPaceBesideFortyLargeTexts() async throws {
        // Other tests and programs take the cores as well: a stream beside nothing shows for how long.
        var (gap, calm) = (Duration.seconds(3600), Duration.zero)
        for _ in 0..<3 where gap >= .milliseconds(250) + calm {
            calm = try await longestGap(beside: 0)
            gap = try await longestGap(beside: 40)
        }
        print("longest gap \(gap), beside nothing \(calm)")
        #expect(gap < .milliseconds(250) + calm)
    }

    @Test func workThatDoesNotFitIsRefused() async throws {
        let content = String(repeating: "x", count: 1 << 20)
        try await serving(ScriptedGenerator(models: [Self.model])) {
            $0.waitingWork = 2
        } _: { port, _ in
            let statuses = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        try await Wire.open(port) { wire in
                            try await wire.post("/tokenize", #"{"content": "\#(content)"}"#)
                            try await wire.read(until: "}")
                            return String(wire.received.prefix(12))
                        }
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(Set(statuses.keys) == ["HTTP/1.1 200", "HTTP/1.1 503"], "\(statuses)")
        }
    }

    @Test func bodiesThatDoNotFitTogetherAreRefused() async throws {
        try await serving(ScriptedGenerator()) {
            $0.bodyMemory = 1 << 20
        } _: { port, _ in
            try await Wire.open(port) { first in
                // Half of a body is held while the rest is awaited.
                try await first.send(
                    "POST /tokenize HTTP/1.1\r\nHost: x\r\nContent-Length: 1600000\r\n\r\n"
                        + String(repeating: "x", count: 800_000))
                try await Task.sleep(for: .milliseconds(300))
                try await Wire.open(port) { second in
                    try? await second.post("/tokenize", String(repeating: "x", count: 800_000))
                    try? await second.readToEnd()
                    #expect(second.received.isEmpty || second.received.hasPrefix("HTTP/1.1 503 "))
                }
            }
            // What the first held is free again.
            try await Wire.open(port) { wire in
                try await wire.post("/tokenize", #"{"content": "\#(String(repeating: "x", count: 400_000))"}"#)
                try await wire.read(until: "\"tokens\"")
            }
        }
    }
}
