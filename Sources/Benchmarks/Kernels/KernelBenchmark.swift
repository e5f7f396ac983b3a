package import Compute
package import Kernels
import Quantities

/// Every kernel at the shapes of real models, timed on one device.
package struct KernelBenchmark {
    /// Only this kernel, if any is named.
    package var kernel: String?
    /// Of weights; by default those that models are mostly served in.
    package var formats: [WeightFormat]?
    /// Few shapes of one model.
    package var isQuick: Bool
    /// Seconds that the samples of one shape may take; slower shapes are left out.
    package var limit: Double

    private let device: any Device
    private let tuning: Tuning

    package static let kernels = [
        "attention", "convolve", "embed", "gated_norm", "matmul", "matmul_bytes", "norm", "quantise", "recur",
        "rope_store",
    ]
    package static let commonFormats: [WeightFormat] = [.f16, .q8, .q4, .q6K, .q4K]
    private static let fewFormats: [WeightFormat] = [.q8, .q4K]

    /// - Parameter tuning: the device's shapes.
    package init(
        device: any Device, tuning: Tuning = Tuning(), kernel: String? = nil, formats: [WeightFormat]? = nil,
        isQuick: Bool = false,
        limit: Double = 10
    ) {
        self.device = device
        self.tuning = tuning
        self.kernel = kernel
        self.formats = formats
        self.isQuick = isQuick
        self.limit = limit
    }

    /// - Parameter progress: called before each shape with its place among all.
    /// - Throws: `ComputeError` where the device cannot be measured at all. A shape that fails alone is listed with the
    ///   reason.
    package func run(
        version: String, date: String, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(ComputeError) -> KernelReport {
        let timer = KernelTimer(lane: try device.makeLane(label: "benchmark"))
        let kernels = try KernelSet(device: device, tuning: tuning)
        var report = KernelReport(
            device: device.description, limits: device.limits, version: version, date: date,
            peaks: try DevicePeaks.measure(kernels, timer))
        let cases = cases
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

    private var cases: [KernelCase] {
        let models: [LlamaShape] = isQuick ? [.llama1B] : LlamaShape.known
        let found = [MatMulCases.goal] + models.flatMap(cases) + StateCases.cases(isQuick: isQuick)
        return found.filter { test in
            if let kernel { return test.kernel == kernel }
            return device.limits.prefersIntegerProducts || !["matmul_bytes", "quantise"].contains(test.kernel)
        }
    }

    private func cases(_ model: LlamaShape) -> [KernelCase] {
        let products = MatMulCases(model: model, rows: isQuick ? [1, 32] : [1, 8, 32, 128, 512])
        let formats = formats ?? (isQuick ? Self.fewFormats : Self.commonFormats)
        let keys: [KVType] = isQuick ? [.f16] : [.f16, .q8_0]
        return formats.flatMap { products.ofFloats($0) + products.ofBytes($0) } + products.quantised
            + AttentionCases.cases(model, formats: keys, isQuick: isQuick)
            + RowCases.cases(model, formats: formats, isQuick: isQuick)
    }
}
