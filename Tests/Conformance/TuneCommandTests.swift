import Foundation
import Testing

/// `weft tune`, as a person calls it, with a small model and little time.
@Suite(.serialized)
final class TuneCommandTests {
    private let cache = FileManager.default.temporaryDirectory.appending(path: "weft-tune-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(
            at: cache.appending(path: "models"), withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: cache) }

    private func weft(_ arguments: String...) throws -> CommandResult {
        try CommandResult.of("WEFT_CACHE=\(cache.path)", [ServedProcess.binary()] + arguments)
    }

    private var files: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: cache.appending(path: "tuning").path)) ?? []
    }

    private struct Report: Decodable {
        struct Matrix: Decodable {
            struct Figure: Decodable { var rows: Int, ratio, margin, default_seconds: Double }
            var count, tried: Int
            var is_output: Bool
            var figures: [Figure]
        }
        var matrices: [Matrix]
    }

    @Test(.timeLimit(.minutes(10)), arguments: ["opencl", "vulkan:llvmpipe"])
    func aSmallModelIsTunedAndUsed(_ device: String) throws {
        let model = cache.appending(path: "models/tiny.gguf").path, json = cache.appending(path: "figures.json").path
        let made = try weft("models", "generate", model, "--layers", "2", "--type", "q4_0")
        #expect(made.status == 0, "\(made.output)")
        let words = ["tiny", "--device", device, "--seconds", "0.5"]
        func tune(_ more: String...) throws -> CommandResult {
            try CommandResult.of("WEFT_CACHE=\(cache.path)", [ServedProcess.binary(), "tune"] + words + more)
        }
        let dry = try tune("--dry-run", "--json", json)
        #expect(dry.status == 0 && dry.output.contains("nothing kept: a dry run"), "\(dry.output)")
        #expect(files == [])
        let report = try JSONDecoder().decode([Report].self, from: Data(contentsOf: URL(filePath: json)))
        let matrices = try #require(report.first).matrices
        #expect(matrices.filter(\.is_output).count == 1 && matrices.contains { $0.count == 2 })
        for matrix in matrices {
            #expect(matrix.figures.map(\.rows) == (matrix.is_output ? [1, 8] : [1, 8, 256]))
            #expect(matrix.figures.allSatisfy { $0.ratio > 0 && $0.margin >= 0.02 && $0.default_seconds > 0 })
        }
        let kept = try tune()
        #expect(kept.status == 0 && kept.output.contains("kept in "), "\(kept.output)")
        #expect(kept.output.contains("products of a token of one sequence: "))
        #expect(files.count == 1)

        // Used, and said in one line.
        func text(_ environment: String...) throws -> CommandResult {
            try CommandResult.of(
                "WEFT_CACHE=\(cache.path)",
                environment + [
                    ServedProcess.binary(), "generate", "tiny", "abc", "--max-tokens", "4", "--device", device,
                ])
        }
        let used = try text(), unused = try text("WEFT_TUNING=0")
        #expect(used.status == 0 && used.output.contains("tuned shapes"), "\(used.output)")
        #expect(unused.status == 0 && !unused.output.contains("tuned shapes"), "\(unused.output)")

        let path = cache.appending(path: "tuning/\(try #require(files.first))")
        try Data(contentsOf: path).prefix(50).write(to: path)
        let damaged = try text()
        #expect(damaged.status == 0 && damaged.output.contains("is not used, and default shapes are"))
        try FileManager.default.removeItem(at: path)
    }

    @Test func aProductIsTunedAlone() throws {
        let result = try weft("tune", "--matrix", "64x96:q8", "--device", "opencl", "--seconds", "0.2", "--dry-run")
        #expect(result.status == 0 && result.output.contains("64x96 Q8"), "\(result.output)")
    }

    @Test(arguments: [
        (["tune"], "name a model, or a --matrix"), (["tune", "nobody"], "no model 'nobody'"),
        (["tune", "--matrix", "64x96"], "is no COLUMNSxDEPTH:FORMAT"),
        (["tune", "--matrix", "63x96:q8"], "is no COLUMNSxDEPTH:FORMAT"),
        (["tune", "--matrix", "64x96:q9"], "is no COLUMNSxDEPTH:FORMAT"),
        (["tune", "--matrix", "64x96:q8", "--seconds", "0"], "--seconds must be between 0 and 3600"),
    ])
    func faultsAreOneClearLine(_ arguments: [String], _ message: String) throws {
        let result = try CommandResult.of(ServedProcess.binary(), arguments)
        #expect(result.status != 0 && result.output.contains(message), "\(result.output)")
        #expect(!result.output.contains("Fatal error"))
    }
}
