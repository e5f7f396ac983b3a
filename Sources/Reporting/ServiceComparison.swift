import Quantities
package import Workloads

/// Several served workloads side by side, with the figures of MuxServe's evaluation.
package struct ServiceComparison: Sendable {
    private let served: [(name: String, report: ServiceReport)]

    package init(_ served: [(name: String, report: ServiceReport)]) {
        self.served = served
    }

    /// A line for each.
    ///
    /// - Parameters:
    ///   - heading: What the names name.
    ///   - scale: The multiple of the unloaded latency whose attainment is shown.
    package func table(_ heading: String, within scale: Double = 8) -> TextTable {
        var table = TextTable([
            heading, "rate", "weighted", "requests/s", "ttft mean", "latency mean", "latency p99",
            "within \(FigureNumber.text(scale, digits: 0))x",
        ])
        for (name, report) in served {
            let all = report.overall
            let attained = all.attainment.first { $0.scale == scale }?.fraction
            table.add([
                name, FigureNumber.text(report.models.reduce(0) { $0 + $1.rate }),
                FigureNumber.text(report.weightedThroughput), FigureNumber.text(all.throughput),
                FigureNumber.text(all.timeToFirstToken?.mean ?? .nan), FigureNumber.text(all.latency?.mean ?? .nan),
                FigureNumber.text(all.latency?.p99 ?? .nan),
                FigureNumber.text(100 * (attained ?? .nan), digits: 1) + " %",
            ])
        }
        return table
    }

    /// A page of figures, and a table for each.
    package func page(title: String) -> HTMLPage {
        var page = HTMLPage(title: title)
        page.add(
            BarFigure(
                title: "Throughput", yLabel: "requests/s", groups: ["rate-weighted mean", "all models"],
                series: served.map(\.name),
                values: served.map { [$0.report.weightedThroughput, $0.report.overall.throughput] }))
        page.add(
            LineFigure(
                title: "Requests within a multiple of their unloaded latency", xLabel: "multiple", yLabel: "percent",
                series: served.map { name, report in
                    LineFigure.Series(
                        name: name, points: report.overall.attainment.map { ($0.scale, 100 * $0.fraction) })
                }))
        page.add(latencies("Latency", \.latency))
        page.add(latencies("Time to first token", \.timeToFirstToken))
        page.add(latencies("Time per output token", \.timePerOutputToken))
        for (name, report) in served {
            page.add(heading: name)
            page.add(TextTable(report))
        }
        return page
    }

    private func latencies(_ title: String, _ figure: KeyPath<ServiceFigures, Percentiles?>) -> BarFigure {
        BarFigure(
            title: title, yLabel: "seconds", groups: ["mean", "p50", "p90", "p99"], series: served.map(\.name),
            values: served.map { _, report in
                let found = report.overall[keyPath: figure]
                return [found?.mean, found?.p50, found?.p90, found?.p99].map { $0 ?? .nan }
            })
    }
}
