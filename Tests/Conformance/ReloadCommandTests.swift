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
}
