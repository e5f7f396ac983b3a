import Engine
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Quantities
import Server
import Testing

@Suite struct MetricsTests {
    /// An engine with one model of a name that no configuration takes.
    private struct Administration: ModelAdministration {
        let name: String

        func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel { .chat }
        func unload(_ name: String, patience: Duration) async throws {}

        var status: FleetStatus? {
            var times = RequestTimes()
            for time in [0.02, 0.021, 3000] { times.firstToken.add(time) }
            let encoded = (try? JSONEncoder().encode(times)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let json = """
                {"units": [{"name": "u", "device": "d", "policy": "adbs", "pool": {"pages": 1, "pageBytes": 1, "held": 0, "cached": 0, "free": 1},
                "lanes": [], "rebuilds": 0, "missing": [], "models": [{"name": \(name), "isPinned": false,
                "weightBytes": 1, "quota": 1, "held": 0, "cached": 0, "borrowed": 0, "fragmentation": 0, "waiting": 0,
                "running": 0, "counters": {"requests": 0, "resumed": 0, "promptTokens": 0, "cachedTokens": 0,
                "generatedTokens": 0, "preemptions": 0, "pageSeconds": 0, "times": \(encoded), "finished": {"st\\"op": 1}}}]}]}
                """
            do {
                return try JSONDecoder().decode(FleetStatus.self, from: Data(json.utf8))
            } catch {
                Issue.record("\(error)")
                return nil
            }
        }
    }

    @Test("Fault 20: labels are escaped")
    func labelsAreEscaped() async throws {
        let log = LogWriter(descriptor: 2)
        var settings = WeftServer.Configuration()
        settings.droppedSpans = { 3 }
        let server = WeftServer(
            ScriptedGenerator(), administration: Administration(name: #""a\nb\"c\\d\r\n\"\u0301""#),
            configuration: settings, logger: .silent, log: log)
        try await server.application.test(.router) { client in
            let response = try await client.executeRequest(uri: "/metrics", method: .get, headers: [:], body: nil)
            let text = String(buffer: response.body)
            #expect(
                text.contains(
                    "weft_model_kv_pages_held{model_name=\"a\\nb\\\"c\\\\d\r\\n\\\"\u{301}\",unit=\"u\"} 0.0"),
                "\(text)"
            )
            #expect(text.contains("weft_log_lines_dropped_total 0.0\n"))
            #expect(text.contains("weft_spans_dropped_total 3.0\n"))
            let counts = text.split(separator: "\n").filter { $0.hasPrefix("weft_time_to_first_token_seconds_") }
            func count(_ part: String) -> Double? {
                counts.first { $0.contains(part) }.flatMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            }
            #expect(count("le=\"0.01\"") == 0 && count("le=\"0.02\"") == 1 && count("le=\"0.04\"") == 2)
            #expect(count("le=\"2560.0\"") == 2 && count("le=\"+Inf\"") == 3 && count("_count") == 3)
            #expect(abs((count("_sum") ?? 0) - 3000.041) < 1e-9)
            let label = #"[a-z_]+="([^"\\\n]|\\["\\n])*""#
            let line = try Regex(#"# (HELP|TYPE) .*|[a-z_][a-z0-9_]*(\{\#(label)(,\#(label))*\})? \S+"#)
                .matchingSemantics(.unicodeScalar)
            // As a parser sees it, for which a line end is one byte.
            for part in text.unicodeScalars.split(separator: "\n") {
                #expect(String(part).wholeMatch(of: line) != nil, "\(String(part))")
            }
        }
    }
}
