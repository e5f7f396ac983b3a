import Engine
import Foundation
import Quantities
import Synchronization
import Testing

/// The administration of a unit that does nothing but tell of passes.
final class PretendedUnits: ModelAdministration {
    private struct State {
        var statuses = 0
        var failure: String?
    }

    private let state = Mutex(State())
    private let log = PassRecorder()
    /// Names of models that it speaks of.
    private let names: [String]

    init(_ names: [String] = ["tiny"]) { self.names = names }

    var passes: PassRecorder? { log }

    func load(_ model: ModelConfiguration, unit: String?) async throws -> ServedModel { .chat }
    func unload(_ name: String, patience: Duration) async throws {}

    func fail(_ reason: String?) { state.withLock { $0.failure = reason } }

    /// Tells of so many passes at once.
    func record(_ count: Int) {
        for _ in 0..<count {
            log.begin(unit: "u", lane: "whole", model: "tiny", phase: .decode, rows: 1, tokens: 1)
            log.end(unit: "u", lane: "whole")
        }
    }

    /// Two lanes with passes of all models, until it is cancelled.
    func work() async throws {
        while true {
            for (index, name) in names.enumerated() {
                log.begin(
                    unit: "main", lane: "part 1", model: name, phase: index == 0 ? .prefill : .both, rows: 2, tokens: 64
                )
                log.begin(unit: "main", lane: "part 2", model: name, phase: .decode, rows: 3, tokens: 3)
                try await Task.sleep(for: .milliseconds(20))
                log.end(unit: "main", lane: "part 2")
                log.end(unit: "main", lane: "part 1")
            }
        }
    }

    /// Counts go up from one status to the next.
    var status: FleetStatus? {
        get async {
            let (count, failure) = state.withLock { state in
                state.statuses += 1
                return (state.statuses, state.failure)
            }
            do {
                var times = RequestTimes()
                for _ in 0..<count {
                    times.firstToken.add(0.15)
                    times.interToken.add(0.02)
                }
                let encoded = String(decoding: try JSONEncoder().encode(times), as: UTF8.self)
                let models = names.enumerated().map { index, name in
                    """
                    {"name": "\(name)", "isPinned": false, "weightBytes": 1, "quota": 400, "held": \(100 * index + 50),
                    "cached": 20, "borrowed": 0, "fragmentation": 0.1, "waiting": \(index), "running": 3,
                    "counters": {"requests": \(count), "resumed": 0, "promptTokens": 0, "cachedTokens": 0,
                    "generatedTokens": \(100 * count), "preemptions": 0, "pageSeconds": 0, "times": \(encoded),
                    "finished": {}}}
                    """
                }
                let lanes = ["whole", "part 1", "part 2"].map { name in
                    """
                    {"name": "\(name)", "passes": \(50 * count), "busySeconds": \(Double(count) / 2),
                    "isolation": \(name == "whole" ? "null" : "0.97")}
                    """
                }
                let json = """
                    {"units": [{"name": "main", "device": "pretended", "policy": "adbs", "rebuilds": 0, "missing": [],
                    "pool": {"pages": 1000, "pageBytes": 16384, "held": 300, "cached": 40, "free": 660},
                    \(failure.map { "\"failure\": \"\($0)\", \"recovery\": {\"tries\": 2, \"interrupted\": 0}," } ?? "")
                    "lanes": [\(lanes.joined(separator: ","))], "models": [\(models.joined(separator: ","))]}]}
                    """
                return try JSONDecoder().decode(FleetStatus.self, from: Data(json.utf8))
            } catch {
                Issue.record("\(error)")
                return nil
            }
        }
    }
}
