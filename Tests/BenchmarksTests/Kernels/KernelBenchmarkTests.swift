import Benchmarks
import Compute
import Foundation
import Kernels
import Reporting
import TestDevices
import Testing

/// The benchmark of kernels on a device whose every dispatch takes a millisecond.
struct KernelBenchmarkTests {
    @Test func everyKernelIsMeasured() throws {
        var limits = DeviceLimits.generous
        limits.prefersIntegerProducts = true
        let report = try KernelBenchmark(device: IdleDevice(limits: limits)).run(version: "1", date: "today")
        #expect(Set(report.rows.map(\.kernel)) == Set(KernelBenchmark.kernels))
        #expect(
            Set(report.rows.map(\.model)) == ["GEMM", "SmolLM2-135M", "Llama-3.2-1B", "Llama-3.1-8B", "Qwen3.5-0.8B"])
        #expect(report.leftOut.isEmpty)
        #expect(report.rows.allSatisfy { $0.samples >= 10 && abs($0.seconds - 0.001) < 1e-9 })
        let places = report.rows.map { [$0.kernel, $0.model, $0.shape, $0.format, "\($0.rows)"] }
        #expect(Set(places).count == places.count)
        let formats = report.rows.filter { $0.kernel == "matmul_bytes" && $0.model == "Llama-3.1-8B" }.map(\.format)
        #expect(Set(formats) == ["Q8", "Q4", "Q6_K", "Q4_K"])
    }

    /// A device is measured as it is used, and further where that is asked for.
    @Test func productsOfWholeNumbersFollowTheDevice() throws {
        let idle = IdleDevice()
        let report = try KernelBenchmark(device: idle, isQuick: true).run(version: "1", date: "today")
        #expect(!report.rows.contains { ["matmul_bytes", "quantise"].contains($0.kernel) })
        let asked = try KernelBenchmark(device: idle, kernel: "matmul_bytes", formats: [.mxfp4], isQuick: true)
            .run(version: "1", date: "today")
        #expect(Set(asked.rows.map(\.kernel)) == ["matmul_bytes"] && Set(asked.rows.map(\.format)) == ["MXFP4"])
    }

    /// Every format can be asked for; rows of 576 are no whole blocks of 256.
    @Test(arguments: WeightFormat.allCases) func formatsCanBeChosen(_ format: WeightFormat) throws {
        let report = try KernelBenchmark(device: IdleDevice(), kernel: "matmul", formats: [format])
            .run(version: "1", date: "today")
        let models = Set(report.rows.filter { $0.format == format.rawValue }.map(\.model))
        #expect(models.isSuperset(of: ["Llama-3.2-1B", "Llama-3.1-8B"]))
        #expect(models.contains("SmolLM2-135M") == (576 % format.depthMultiple == 0))
    }

    @Test func figuresFollowFromTheShape() throws {
        let idle = IdleDevice()
        let report = try KernelBenchmark(device: idle, kernel: "matmul").run(version: "1", date: "today")
        let goal = try #require(report.rows.first)
        #expect(goal.shape.contains("32x576x576"))
        #expect(abs(goal.gflops - 2 * 32 * 576 * 576 / 0.001 * 1e-9) < 1e-6)
        #expect(abs(goal.gigabytesPerSecond - 4 * (576 * 576 + 2 * 32 * 576) / 0.001 * 1e-9) < 1e-6)
        #expect(abs(goal.ofArithmetic - goal.gflops / report.peaks.gflops) < 1e-9)
        #expect(goal.gflopsPerCore == nil)
        func down(_ report: KernelReport) -> KernelReport.Row? {
            report.rows.first { $0.format == "Q4" && $0.rows == 1 && $0.shape == "down 576x1536" }
        }
        // Half a byte and an eighth for scales of each weight, besides a row of x and one of y.
        let q4 = try #require(down(report))
        #expect(abs(q4.gigabytesPerSecond * 1e6 - (0.625 * 576 * 1536 + 4 * (576 + 1536))) < 1e-3)
        #expect(abs(q4.ofCopying - q4.gigabytesPerSecond / report.peaks.gigabytesPerSecond) < 1e-9)
        // A byte of each x, and three floats of each 32.
        let bytes = try #require(
            down(KernelBenchmark(device: idle, kernel: "matmul_bytes").run(version: "1", date: "today")))
        #expect(abs(bytes.gigabytesPerSecond * 1e6 - (0.625 * 576 * 1536 + 4 * 576 + 1.375 * 1536)) < 1e-3)
    }

    @Test func slowShapesAreNamed() throws {
        let report = try KernelBenchmark(device: IdleDevice(), kernel: "norm", limit: 1e-12)
            .run(version: "1", date: "today")
        #expect(report.rows.isEmpty && report.leftOut.count == 9)
        #expect(report.notes.contains { $0.contains("left out: norm") })
    }

    @Test func reportsHoldEveryShape() throws {
        var limits = DeviceLimits.generous
        limits.prefersIntegerProducts = true
        let report = try KernelBenchmark(device: IdleDevice(limits: limits), isQuick: true).run(
            version: "1", date: "today")
        let decoded = try JSONDecoder().decode(KernelReport.self, from: JSONEncoder().encode(report))
        #expect(decoded.rows.count == report.rows.count && decoded.device == report.device)
        #expect(report.table.rows.count == report.rows.count)
        let page = KernelReportPage(report).html
        #expect(page.contains("<svg") && !page.contains("<script") && !page.contains("href="))
        #expect(report.rows.allSatisfy { page.contains($0.shape) })
    }
}
