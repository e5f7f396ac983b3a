package import Compute
import Kernels
import Quantities

/// Every kernel at the shapes of real models, timed on one device.
package struct KernelBenchmark {
    /// Only this kernel, if any is named.
    package var kernel: String?
    /// Seconds that the samples of one shape may take; slower shapes are left out.
    package var limit: Double

    private let device: any Device

    package static let kernels = ["attention", "embed", "matmul", "rms_norm", "rope_store"]

    package init(device: any Device, kernel: String? = nil, limit: Double = 10) {
        self.device = device
        self.kernel = kernel
        self.limit = limit
    }

    /// - Parameter progress: called before each shape with its place among all.
    /// - Throws: `ComputeError` where the device cannot be measured at all. A shape that fails alone is listed with the
    ///   reason.
    package func run(
        version: String, date: String, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(ComputeError) -> KernelReport {
        let timer = KernelTimer(lane: try device.makeLane(label: "benchmark"))
        let kernels = try KernelSet(device: device)
        var report = KernelReport(
            device: device.description, limits: device.limits, version: version, date: date,
            peaks: try DevicePeaks.measure(kernels, timer))
        let cases = Self.cases.filter { kernel == nil || $0.kernel == kernel }
        for (index, test) in cases.enumerated() {
            progress(index, cases.count)
            do throws(ComputeError) {
                guard let figures = try timer.measure(limit: limit, try test.prepare(kernels)) else {
                    report.leftOut.append(.init(test, reason: "takes longer than \(limit) s"))
                    continue
                }
                report.rows.append(.init(test, figures, peaks: report.peaks))
            } catch {
                if case .deviceLost = error { throw error }
                report.leftOut.append(.init(test, reason: error.description))
            }
        }
        return report
    }

    private static var cases: [KernelCase] {
        let rows = [1, 8, 32, 128, 512]
        return [MatMulCases.goal]
            + MatMulCases.cases(.smolLM2, formats: [.f32, .f16, .bf16, .q8, .q4], rows: rows)
            + MatMulCases.cases(.llama7B, formats: [.f16, .q4, .q4K, .q6K], rows: rows)
            + AttentionCases.cases(.smolLM2, formats: [.f32, .f16, .q8_0])
            + AttentionCases.cases(.llama7B, formats: [.f16, .q8_0])
            + RowCases.cases(.smolLM2, formats: [.f16, .q8, .q4]) + RowCases.cases(.llama7B, formats: [.q4])
    }
}
