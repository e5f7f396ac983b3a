import Benchmarks
import Compute
import Foundation
import Reporting
import TestDevices
import Testing

/// The benchmark of kernels on a device whose every dispatch takes a millisecond.
struct KernelBenchmarkTests {
    @Test func everyKernelIsMeasured() throws {
        let report = try KernelBenchmark(device: IdleDevice()).run(version: "1", date: "today")
        #expect(Set(report.rows.map(\.kernel)) == Set(KernelBenchmark.kernels))
        #expect(Set(report.rows.map(\.model)) == ["GEMM", "SmolLM2-135M", "Llama-7B"])
        #expect(report.leftOut.isEmpty)
        #expect(report.rows.allSatisfy { $0.samples >= 10 && abs($0.seconds - 0.001) < 1e-9 })
        let places = report.rows.map { [$0.kernel, $0.model, $0.shape, $0.format, "\($0.rows)"] }
        #expect(Set(places).count == places.count)
    }

    @Test func figuresFollowFromTheShape() throws {
        let report = try KernelBenchmark(device: IdleDevice(), kernel: "matmul").run(version: "1", date: "today")
        let goal = try #require(report.rows.first)
        #expect(goal.shape.contains("32x576x576"))
        #expect(abs(goal.gflops - 2 * 32 * 576 * 576 / 0.001 * 1e-9) < 1e-6)
        #expect(abs(goal.gigabytesPerSecond - 4 * (576 * 576 + 2 * 32 * 576) / 0.001 * 1e-9) < 1e-6)
        #expect(abs(goal.ofArithmetic - goal.gflops / report.peaks.gflops) < 1e-9)
        #expect(goal.gflopsPerCore == nil)
        let q4 = try #require(report.rows.first { $0.format == "Q4" && $0.rows == 1 && $0.shape.contains("down") })
        // Half a byte and an eighth for scales of each weight, besides a row of x and one of y.
        #expect(abs(q4.gigabytesPerSecond * 1e6 - (0.625 * 576 * 1536 + 4 * (576 + 1536))) < 1e-3)
    }

    @Test func slowShapesAreNamed() throws {
        let report = try KernelBenchmark(device: IdleDevice(), kernel: "rms_norm", limit: 1e-12)
            .run(version: "1", date: "today")
        #expect(report.rows.isEmpty && report.leftOut.count == 6)
        #expect(report.notes.contains { $0.contains("left out: rms_norm") })
    }

    @Test func reportsHoldEveryShape() throws {
        let report = try KernelBenchmark(device: IdleDevice()).run(version: "1", date: "today")
        let decoded = try JSONDecoder().decode(KernelReport.self, from: JSONEncoder().encode(report))
        #expect(decoded.rows.count == report.rows.count && decoded.device == report.device)
        #expect(report.table.rows.count == report.rows.count)
        let page = KernelReportPage(report).html
        #expect(page.contains("<svg") && !page.contains("<script") && !page.contains("href="))
        #expect(report.rows.allSatisfy { page.contains($0.shape) })
    }
}
