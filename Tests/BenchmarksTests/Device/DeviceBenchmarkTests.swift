import Benchmarks
import Compute
import ConfigurationFiles
import Foundation
import Reporting
import TestDevices
import Testing

/// What `tools/bench-device` leaves in a folder becomes a report that is read again and compared.
final class DeviceBenchmarkTests {
    private let folder = NSTemporaryDirectory() + "weft-bench-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    private func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private func kernels() throws -> KernelReport {
        try KernelBenchmark(device: IdleDevice(), isQuick: true).run(version: "1", date: "today")
    }

    private var speeds: ModelSpeeds {
        var speeds = ModelSpeeds(
            model: "tiny", device: "idle", layers: 2, weightByteCount: 1 << 30, loadSeconds: 1, prompt: 16, decode: 4)
        speeds.runs = [1, 8].map { batch in
            ModelSpeeds.Run(
                batch: batch, prefills: 3, steps: 4, prefillTokensPerSecond: 1000, decodeTokensPerSecond: 20,
                weightGigabytesPerSecond: 10)
        }
        return speeds
    }

    /// Stages that passed, failed, took too long, wrote nothing and were left out.
    private func benchmark() throws -> DeviceBenchmark {
        let lines = [
            "kernels\t0\t12\t60\tweft bench kernels --json kernels.json", "model\t0\t5\t60\tweft bench model tiny",
            "isolation\t124\t60\t60\tweft devices --isolation", "harness\t1\t7\t60\tweft shaders test --json",
            "broken\t0\t1\t60\tweft", "silent\t0\t1\t60\tweft", "killed\t137\t5\t60\tweft",
            "served-1\tskipped\t0\t60\tnot asked for",
        ]
        try write(lines.joined(separator: "\n") + "\n", "stages.tsv")
        try write(json(kernels()), "kernels.json")
        try write(json(speeds), "model.json")
        try write(
            #"[{"device": {"name": "idle"}, "kernels": [{"cases": 7, "failures": [{}, {}]}, {"cases": 5, "failures": []}]}]"#,
            "harness.json")
        try write("working\nError: two of twelve\n\n", "harness.log")
        try write("{", "broken.json")
        return try DeviceBenchmark(folder: folder, version: "1", date: "today")
    }

    @Test func everyStageSaysHowItEnded() throws {
        let benchmark = try benchmark()
        #expect(
            benchmark.stages.map(\.outcome) == [
                .passed, .passed, .timedOut, .failed, .failed, .failed, .failed, .skipped,
            ])
        #expect(
            benchmark.stages.map(\.reason) == [
                nil, nil, "took longer than 60 s", "Error: two of twelve",
                "\(folder)/broken.json:1: document: is no JSON", "\(folder)/silent.json:1: document: was not written",
                "ended with status 137", "not asked for",
            ])
        #expect(!benchmark.hasPassed)
        #expect(benchmark.stages[0].command == "weft bench kernels --json kernels.json")
        #expect(benchmark.stages.map(\.seconds) == [12, 5, 60, 7, 1, 1, 5, 0])
        let page = DeviceBenchmarkPage(benchmark).html
        for stage in benchmark.stages { #expect(page.contains(stage.name) && page.contains(stage.outcome.rawValue)) }
        #expect(page.contains("Error: two of twelve") && page.contains("<svg") && !page.contains("href="))
    }

    @Test func figuresComeFromWhatTheStagesWrote() throws {
        let figures = try benchmark().figures
        func value(_ stage: String, _ name: String) -> Double? {
            figures.first { $0.stage == stage && $0.name == name }?.value
        }
        #expect(try value("kernels", "copying") == kernels().peaks.gigabytesPerSecond)
        #expect(value("model", "prefill, batch 8") == 1000 && value("model", "decode, batch 1") == 20)
        #expect(value("harness", "cases, idle") == 12 && value("harness", "failures, idle") == 2)
    }

    @Test func aReportIsReadAgainAndCompared() throws {
        let first = try benchmark()
        var second = first
        var faster = speeds
        faster.runs[0].decodeTokensPerSecond = 50
        try write(json(faster), "model.json")
        second = try DeviceBenchmark(folder: folder, version: "1", date: "today")
        let files = try [("a", first), ("b", second)].map { ($0.0, "\($0.0).json", try json($0.1)) }
        let saved = try SavedBenchmarks(files)
        let lines = saved.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.contains { $0.starts(with: ["stage", "figure"]) && $0.suffix(3) == ["b", "/", "a"] })
        #expect(
            lines.contains {
                $0.first == "model" && $0.contains("decode,") && $0.suffix(3) == ["20.00", "50.00", "2.50"]
            })
        #expect(lines.contains { $0.first == "matmul" && $0.contains("Q4_K") && $0.last == "1.00x" })
        #expect(saved.text.contains("b: isolation timed out: took longer than 60 s"))
        #expect(saved.html.contains("50.00"))
    }

    @Test func kernelsAreCompared() throws {
        let first = try kernels()
        var second = first
        second.rows.removeFirst()
        second.rows[0].seconds /= 4
        let saved = try SavedBenchmarks(
            [("a", "a.json", json(first)), ("b", "b.json", json(second))])
        guard case .kernels(let comparison) = saved else {
            Issue.record("reports of kernels are compared as such")
            return
        }
        #expect(comparison.devices.rows.count == 2)
        #expect(comparison.table.rows.count == first.rows.count)
        #expect(comparison.table.rows[0].suffix(3) == ["-", "-", "-"])
        #expect(comparison.table.rows[1].last == "4.00x" && comparison.table.rows[2].last == "1.00x")
    }

    @Test func reportsOfTwoKindsAreRefused() throws {
        let files = try [("a", "a.json", json(kernels())), ("b", "b.json", json(benchmark()))]
        #expect {
            try SavedBenchmarks(files)
        } throws: { error in
            "\(error)"
                == "b.json:1: document: is a report of tools/bench-device, but a.json is one of weft bench kernels"
        }
        for (text, reason) in [("{}", "is no report of weft bench serve"), ("[", "is no JSON")] {
            #expect {
                try SavedBenchmarks([("a", "a.json", text)])
            } throws: { error in
                "\(error)".hasPrefix("a.json:1: document: \(reason)")
            }
        }
    }

    @Test(arguments: ["kernels\t0\t1\t60", "kernels\tgood\t1\t60\tweft", "kernels\t0\tsoon\t60\tweft"])
    func aBrokenListOfStagesIsRefused(_ line: String) throws {
        try write("devices\t0\t1\t60\tweft devices\n\(line)\n", "stages.tsv")
        #expect(throws: FileError(file: "\(folder)/stages.tsv", line: 2, reason: "is no stage")) {
            try DeviceBenchmark(folder: self.folder, version: "1", date: "today")
        }
    }
}
