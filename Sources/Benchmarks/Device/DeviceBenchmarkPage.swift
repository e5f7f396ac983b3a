import Compute
package import Reporting

/// A benchmark of a device as one page.
package struct DeviceBenchmarkPage: Sendable {
    private let benchmark: DeviceBenchmark

    package init(_ benchmark: DeviceBenchmark) {
        self.benchmark = benchmark
    }

    package var html: String {
        var page = HTMLPage(title: "Benchmark of \(device ?? "a device")")
        page.add(paragraph: "weft \(benchmark.version), \(benchmark.date)")
        page.add(Self.stages(benchmark, withCommands: true))
        page.add(heading: "Figures")
        page.add(DeviceComparison([(name: "value", benchmark: benchmark)]).table)
        let models = benchmark.stages.compactMap(\.speeds)
        if !models.isEmpty {
            page.add(speeds("Decode", models, \.decodeTokensPerSecond))
            page.add(speeds("Prefill", models, \.prefillTokensPerSecond))
            for model in models {
                page.add(paragraph: model.about)
                page.add(model.table)
            }
        }
        for stage in benchmark.stages {
            if let service = stage.service {
                page.add(heading: stage.name)
                page.add(TextTable(service))
            }
        }
        for report in benchmark.stages.compactMap(\.kernels) {
            page.add(heading: "Kernels")
            KernelReportPage(report).add(to: &page)
        }
        return page.html
    }

    /// How each stage ended.
    package static func stages(_ benchmark: DeviceBenchmark, withCommands: Bool = false) -> TextTable {
        var table = TextTable(["stage", "outcome", "seconds", "limit", "why"] + (withCommands ? ["command"] : []))
        for stage in benchmark.stages {
            table.add(
                [
                    stage.name, stage.outcome.rawValue, FigureNumber.text(stage.seconds, digits: 0),
                    FigureNumber.text(stage.limit, digits: 0), stage.reason ?? "",
                ] + (withCommands ? [stage.command] : []))
        }
        return table
    }

    private var device: String? {
        benchmark.stages.lazy.compactMap { $0.kernels?.device.name ?? $0.speeds?.device }.first
    }

    private func speeds(
        _ title: String, _ models: [ModelSpeeds], _ figure: KeyPath<ModelSpeeds.Run, Double>
    ) -> BarFigure {
        let batches = Set(models.flatMap { $0.runs.map(\.batch) }).sorted()
        return BarFigure(
            title: title, yLabel: "tokens/s", groups: batches.map { "batch \($0)" }, series: models.map(\.model),
            values: models.map { model in
                batches.map { batch in model.runs.first { $0.batch == batch }?[keyPath: figure] ?? .nan }
            })
    }
}
