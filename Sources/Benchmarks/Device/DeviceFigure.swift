import Quantities
import Workloads

/// One number by which devices are compared.
package struct DeviceFigure: Hashable, Sendable {
    package var stage: String
    package var name: String
    package var unit: String
    package var value: Double
}

extension DeviceBenchmark {
    /// The main figures of all stages that have any, in their order.
    package var figures: [DeviceFigure] { stages.flatMap(\.figures) }
}

extension DeviceBenchmark.Stage {
    /// What `weft bench kernels` measured, if it was this stage.
    var kernels: KernelReport? { result?["peaks"] == nil ? nil : result?.decoded(KernelReport.self) }
    /// What `weft bench model` measured.
    var speeds: ModelSpeeds? { result?["runs"] == nil ? nil : result?.decoded(ModelSpeeds.self) }
    /// What `weft bench serve` measured.
    var service: ServiceReport? { result?["service"]?.decoded(ServiceReport.self) }

    fileprivate var figures: [DeviceFigure] {
        if let kernels { return figures(of: kernels) }
        if let speeds { return speeds.runs.flatMap(figures) }
        if let service { return figures(of: service) }
        return isolation + harness
    }

    private func figure(_ name: String, _ unit: String, _ value: Double?) -> DeviceFigure? {
        value.map { DeviceFigure(stage: self.name, name: name, unit: unit, value: $0) }
    }

    private func figures(of report: KernelReport) -> [DeviceFigure] {
        [
            figure("arithmetic", "GFLOP/s", report.peaks.gflops),
            figure("copying", "GB/s", report.peaks.gigabytesPerSecond),
        ].compactMap(\.self)
    }

    private func figures(of run: ModelSpeeds.Run) -> [DeviceFigure] {
        [
            figure("prefill, batch \(run.batch)", "tokens/s", run.prefillTokensPerSecond),
            figure("decode, batch \(run.batch)", "tokens/s", run.decodeTokensPerSecond),
            figure("weights, batch \(run.batch)", "GB/s", run.weightGigabytesPerSecond),
        ].compactMap(\.self)
    }

    private func figures(of report: ServiceReport) -> [DeviceFigure] {
        let all = report.overall
        let attained = all.attainment.first { $0.scale == Self.attainmentScale }?.fraction
        return [
            figure("requests", "1/s", all.throughput),
            figure("requests that failed", "", Double(all.requests - all.finished)),
            figure("output", "tokens/s", all.outputTokensPerSecond),
            figure("first token, p50", "ms", all.timeToFirstToken.map { $0.p50 * 1e3 }),
            figure("first token, p99", "ms", all.timeToFirstToken.map { $0.p99 * 1e3 }),
            figure("output token, p50", "ms", all.timePerOutputToken.map { $0.p50 * 1e3 }),
            figure("latency, p99", "ms", all.latency.map { $0.p99 * 1e3 }),
            figure("within \(Int(Self.attainmentScale))x alone", "%", attained.map { 100 * $0 }),
        ].compactMap(\.self)
    }

    /// The multiple of a latency alone that tables of served loads show.
    private static let attainmentScale = 8.0

    /// Of `weft devices --isolation`.
    private var isolation: [DeviceFigure] {
        (result?["results"]?.elements ?? []).flatMap { entry in
            let arrangement = entry["arrangement"]?.text ?? ""
            let prefill = entry["prefill_tokens_per_second"]?.number ?? 0
            return [
                figure("step, \(arrangement), p50", "ms", entry["decode_median"]?.number.map { $0 * 1e3 }),
                figure("step, \(arrangement), p99", "ms", entry["decode99"]?.number.map { $0 * 1e3 }),
                prefill > 0 ? figure("prefill, \(arrangement)", "tokens/s", prefill) : nil,
            ].compactMap(\.self)
        }
    }

    /// Of `weft shaders test`.
    private var harness: [DeviceFigure] {
        (result?.elements ?? []).flatMap { report -> [DeviceFigure] in
            guard let kernels = report["kernels"]?.elements, let device = report["device"]?["name"]?.text else {
                return []
            }
            let cases = kernels.reduce(0) { $0 + ($1["cases"]?.number ?? 0) }
            let failures = kernels.reduce(0) { $0 + ($1["failures"]?.elements.count ?? 0) }
            return [
                figure("cases, \(device)", "", cases), figure("failures, \(device)", "", Double(failures)),
            ].compactMap(\.self)
        }
    }
}
