import Foundation
import Testing

/// `tools/bench-device`, as the owner of a device calls it.
@Suite(.serialized)
final class BenchDeviceTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "weft-device-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private struct Report: Decodable {
        struct Stage: Decodable {
            var name: String
            var outcome: String
            var reason: String?
        }
        var stages: [Stage]

        subscript(name: String) -> Stage? { stages.first { $0.name == name } }
    }

    private func run(_ program: String, into name: String, _ options: String...) throws -> CommandResult {
        let tool = ServedTests.folder.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("tools/bench-device").path
        let out = folder.appending(path: name).path
        return try CommandResult.of(tool, ["--program", program, "--out", out] + options)
    }

    private func report(_ name: String) throws -> Report {
        let data = try Data(contentsOf: folder.appending(path: "\(name)/bench-device.json"))
        return try JSONDecoder().decode(Report.self, from: data)
    }

    /// A model of one layer, measured, isolated and served, and the report held against itself.
    @Test(.timeLimit(.minutes(10))) func aDeviceIsMeasured() throws {
        let weft = try ServedProcess.binary()
        let result = try run(
            weft, into: "a", "--quick", "--device", "opencl", "--stages", "devices model isolation served",
            "--shapes", "smollm2-135m", "--types", "q8_0", "--batches", "1 8", "--tune")
        #expect(result.status == 0, "\(result.output)")
        let report = try report("a")
        #expect(
            report.stages.map(\.name) == [
                "devices", "harness", "kernels", "tune-smollm2-135m-q8_0", "model-smollm2-135m-q8_0", "isolation",
                "served-1",
            ])
        for stage in report.stages {
            let isAsked = !["harness", "kernels"].contains(stage.name)
            #expect(stage.outcome == (isAsked ? "passed" : "skipped"), "\(stage)")
        }
        let page = try String(contentsOf: folder.appending(path: "a/bench-device.html"), encoding: .utf8)
        #expect(page.contains("smollm2-135m-q8_0") && page.contains("not asked for"))
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "a/work").path))

        let path = folder.appending(path: "a/bench-device.json").path
        let copy = folder.appending(path: "b.json").path
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let compared = try CommandResult.of(weft, ["bench", "compare", path, copy], joinsErrors: false)
        #expect(compared.status == 0)
        let lines = compared.output.split(separator: "\n")
        for figure in ["prefill, batch 8", "decode, batch 1", "step, shares, p50", "first token, p99"] {
            #expect(lines.contains { $0.contains(figure) && $0.hasSuffix(" 1.00") }, "\(figure): \(compared.output)")
        }
    }

    /// A program that does everything wrong in its own way, but for the joining.
    @Test(.timeLimit(.minutes(10))) func whatFailsIsSaid() throws {
        let stub = folder.appending(path: "stub").path
        let script = """
            #!/usr/bin/env bash
            case "$1 $2" in
              --version*) ;;
              "bench join") exec "\(try ServedProcess.binary())" "$@" ;;
              "devices --json") echo '[{"api": ' ;;
              "shaders test") echo '[]'; echo 'Error: the device is lost' >&2; exit 1 ;;
              "bench kernels") exec sleep 30 ;;
              "models generate") echo 'Error: no room' >&2; exit 1 ;;
            esac
            """
        try Data(script.utf8).write(to: URL(filePath: stub))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: stub)
        let result = try run(stub, into: "c", "--shapes", "llama-3.2-1b", "--types", "q4_k", "--limit", "1")
        #expect(result.status == 1, "\(result.output)")
        let report = try report("c")
        #expect(report["devices"]?.outcome == "failed" && report["devices"]?.reason?.contains("is no JSON") == true)
        #expect(report["harness"]?.outcome == "failed" && report["harness"]?.reason == "Error: the device is lost")
        #expect(report["kernels"]?.outcome == "timed out" && report["kernels"]?.reason == "took longer than 1 s")
        for name in ["model-llama-3.2-1b-q4_k", "isolation", "served-1", "served-4", "served-16"] {
            #expect(report[name]?.outcome == "failed" && report[name]?.reason == "Error: no room", "\(name)")
        }
        #expect(result.output.contains("Error: no room"))
    }

    @Test(arguments: [
        (["--program", "/nowhere/weft"], "there is no program '/nowhere/weft'"),
        (["--program", "/bin/false"], "/bin/false does not run here"),
        (["--stages", "kernel"], "unknown stage 'kernel'"), (["--loud"], "unknown option '--loud'"),
        (["--limit"], "--limit needs a value"),
    ])
    func faultsAreOneClearLine(_ options: [String], _ message: String) throws {
        let tool = ServedTests.folder.deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("tools/bench-device").path
        let out = ["--program", try ServedProcess.binary(), "--out", folder.appending(path: "d").path]
        let result = try CommandResult.of(tool, out + options)
        #expect(result.status == 2 && result.output.contains("error: \(message)"), "\(result.output)")
        #expect(result.output.split(separator: "\n").count == 1)
    }
}
