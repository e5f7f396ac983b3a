import Foundation
import GGUF
import Testing

/// `weft serve` reads its configuration anew on SIGHUP.
@Suite(.serialized)
struct ReloadCommandTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "weft-reload-\(UUID().uuidString)")
    private var file: URL { folder.appending(path: "serve.yaml") }

    private func write(_ fields: String, models: [String]) throws {
        let list = models.map { "- {name: \($0), path: \(folder.path)/\($0).gguf, chunk: 32}\n" }.joined()
        try "\(fields)\npool_mb: 8\nmodels:\n\(list)".write(to: file, atomically: true, encoding: .utf8)
    }

    private func get(_ path: String, _ server: ServedProcess) throws -> String {
        try CommandResult.of("curl", ["-s", "http://127.0.0.1:\(server.port)\(path)"]).output
    }

    /// Waits for a line in the log.
    private func wait(for text: String, _ server: ServedProcess) throws {
        for _ in 0..<300 where !server.logText.contains(text) { Thread.sleep(forTimeInterval: 0.1) }
        try #require(server.logText.contains(text), "\(text) is not in \(server.logText)")
    }

    @Test func aHangUpReloads() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["a", "b"] { try TinyLlama().write(to: folder.appending(path: "\(name).gguf").path) }
        try write("", models: ["a"])
        let server = try ServedProcess(config: file.path, device: "vulkan:llvmpipe")
        defer { server.stop() }
        try wait(for: "ready", server)

        try write("aliases: {other: b}", models: ["a", "b"])
        server.hangUp()
        try wait(for: "configuration reloaded", server)
        let models = try get("/v1/models", server)
        for name in ["a", "b", "other"] { #expect(models.contains("\"id\":\"\(name)\""), "\(models)") }

        try write("aliases: {other: b}\nprt: 7", models: ["b"])
        server.hangUp()
        try wait(for: "configuration not reloaded", server)
        try wait(for: "\(file.path):2: prt: is not known here", server)
        #expect(try get("/v1/models", server) == models)

        let drained = try CommandResult.of(
            "curl", ["-s", "-X", "POST", "http://127.0.0.1:\(server.port)/admin/drain"])
        #expect(drained.output.contains("\"draining\":true"))
        server.expectEnd()
    }

    private struct Placement: Decodable {
        struct Unit: Decodable { var models: [String] }
        var units: [Unit]
    }

    private func placement(_ server: ServedProcess) throws -> [[String]] {
        try JSONDecoder().decode(Placement.self, from: Data(get("/admin/placement", server).utf8))
            .units.map { $0.models.sorted() }
    }

    /// Moves stand in the log with why they were made, and a reload has the models where the file says again.
    @Test func aReloadUndoesMoves() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["a", "b", "c"] { try TinyLlama().write(to: folder.appending(path: "\(name).gguf").path) }
        // Tokens take so long by these costs, 80 ms each, that a unit serves three requests a second.
        let cells = [1, 256].map { batch in
            let lengths = [1, 256].map { "\"\($0)\": {\"prefill\": \(80 * batch * $0), \"decoding\": \(80 * batch)}" }
            return "\"\(batch)\": {\(lengths.joined(separator: ", "))}"
        }
        let costs = ["a", "b", "c"].map { "\"\($0)\": {\"1\": {\"100\": {\(cells.joined(separator: ", "))}}}" }
        try "{\(costs.joined(separator: ",\n"))}".write(
            to: folder.appending(path: "costs.json"), atomically: true, encoding: .utf8)
        let units = [["a", "b"], ["c"]].enumerated().map { number, names in
            let list = names.map { "  - {name: \($0), path: \(folder.path)/\($0).gguf, chunk: 32}\n" }.joined()
            return "- name: unit\(number)\n  device: opencl#\(number + 1)/2\n  pool_mb: 8\n  models:\n\(list)"
        }
        let replacement = "replacement: {costs: costs.json, every: 3600, half_life: 120, replicas: 1}"
        try "\(replacement)\nunits:\n\(units.joined())".write(to: file, atomically: true, encoding: .utf8)
        let start = ContinuousClock.now
        let server = try ServedProcess(config: file.path, device: nil)
        defer { server.stop() }
        try wait(for: "ready", server)
        #expect(try placement(server) == [["a", "b"], ["c"]])

        // Five requests a second since the start, or three on a slow machine: moves are for those.
        var number = 0
        while number < 40 || Double(number) < 3 * ((ContinuousClock.now - start) / .seconds(1)) {
            guard Double(number) < 5 * ((ContinuousClock.now - start) / .seconds(1)) else {
                Thread.sleep(forTimeInterval: 0.02)
                continue
            }
            number += 1
            let body = "{\"model\": \"\(["a", "b"][number % 2])\", \"prompt\": [1, 2, 3], \"max_tokens\": 1}"
            let answer = try CommandResult.of(
                "curl", ["-s", "-d", body, "http://127.0.0.1:\(server.port)/v1/completions"])
            try #require(answer.output.contains("\"choices\""), "\(answer.output)")
        }
        let moved = try CommandResult.of(
            "curl", ["-s", "-X", "POST", "http://127.0.0.1:\(server.port)/admin/placement"])
        let places = try placement(server)
        #expect(!places.contains { $0.contains("a") && $0.contains("b") }, "\(moved.output)")
        let pattern = /(move|load) (a|b|c) .*it is asked [\d.]+ times a second/
        let line = try #require(server.logText.firstMatch(of: pattern), "\(server.logText)")
        #expect(moved.output.contains("\"model\":\"\(line.2)\""), "\(moved.output)")

        server.hangUp()
        try wait(for: "configuration reloaded", server)
        #expect(try placement(server) == [["a", "b"], ["c"]])
        #expect(server.logText.contains(/changes=.*(added|removed) (a|b|c)/), "\(server.logText)")
    }
}
