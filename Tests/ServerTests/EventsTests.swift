import Engine
import Foundation
import Server
import ServiceLifecycle
import Testing

/// The stream of what units do.
@Suite(.timeLimit(.minutes(10))) struct EventsTests {
    private static let request = "GET /admin/events HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test func passesAndStatusesCome() async throws {
        let units = PretendedUnits()
        units.passes?.begin(unit: "u", lane: "whole", model: "tiny", phase: .prefill, rows: 2, tokens: 64)
        units.passes?.end(unit: "u", lane: "whole")
        units.passes?.begin(unit: "u", lane: "part 1", model: "tiny", phase: .decode, rows: 3, tokens: 3)
        try await serving(ScriptedGenerator(), administration: units) { port, services in
            try await Wire.open(port) { wire in
                try await wire.send(Self.request)
                try await wire.read(until: "event: status\ndata: {\"units\":[")
                try await wire.read(until: "}\n\n")
                #expect(wire.received.lowercased().contains("content-type: text/event-stream"))
                let first = try #require(Self.passes(wire.received).first)
                let ended = try #require(first.ended?.elements?.first)
                #expect(ended.lane == "whole" && ended.model == "tiny" && ended.phase == "prefill")
                #expect(ended.rows == 2 && ended.tokens == 64 && ended.seconds != nil)
                #expect(first.running?[0]?.lane == "part 1" && first.running?[0]?.seconds == nil && first.lost == 0)
                // What was at work has ended.
                units.passes?.end(unit: "u", lane: "part 1")
                try await wire.read(until: "\"running\":[]")
                // Whoever watches does not hold up a server that is to end.
                await services.triggerGracefulShutdown()
                try await wire.readToEnd()
                #expect(wire.received.hasSuffix("0\r\n\r\n"))
            }
        }
    }

    /// Who is too slow for the log learns how much was missed.
    @Test func whatIsMissedIsCounted() async throws {
        let units = PretendedUnits()
        try await serving(ScriptedGenerator(), administration: units) { port, _ in
            try await Wire.open(port) { wire in
                units.record(1)
                try await wire.send(Self.request)
                try await wire.read(until: "\"lost\":0")
                units.record(20_000)
                var (text, ended, lost) = ("", 0, 0)
                while ended + lost < 20_001 {
                    try await wire.read(until: "\n\n")
                    text += wire.received
                    wire.forget()
                    guard let end = text.range(of: "\n\n", options: .backwards)?.upperBound else { continue }
                    for passes in try Self.passes(String(text[..<end])) {
                        ended += passes.ended?.elements?.count ?? 0
                        lost += Int(passes.lost?.asNumber ?? 0)
                    }
                    text = String(text[end...])
                }
                // The log holds 2,048, and a reading of the first may have been between.
                #expect(ended + lost == 20_001 && lost >= 20_000 - 3 * 2048)
            }
        }
    }

    /// The whole events of passes in what was received.
    private static func passes(_ received: String) throws -> [JSONValue] {
        try received.components(separatedBy: "event: passes\ndata: ").dropFirst().compactMap { text in
            guard let end = text.range(of: "\n\n") else { return nil }
            return try JSONValue(String(text[..<end.lowerBound]))
        }
    }
}
