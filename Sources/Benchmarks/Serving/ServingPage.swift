import Quantities
import Reporting
import Workloads

/// A report as a page of its own, with the figures of MuxServe's evaluation.
package struct ServingPage: Sendable {
    private let report: ServingReport

    package init(_ report: ServingReport) {
        self.report = report
    }

    package var html: String {
        let service = report.service
        var page = HTMLPage(title: "Served load")
        page.add(paragraph: about)
        page.add(TextTable(service))
        if !report.failures.isEmpty { page.add(failures) }
        page.add(
            BarFigure(
                title: "Throughput", yLabel: "requests/s", groups: service.models.map(\.name),
                series: ["asked", "served"],
                values: [service.models.map(\.rate), service.models.map(\.figures.throughput)]))
        page.add(attainment)
        page.add(p99("P99 latency", \.latency))
        page.add(p99("P99 time to first token", \.timeToFirstToken))
        page.add(p99("P99 time per output token", \.timePerOutputToken))
        if let usage = report.kvUsage { page.add(Self.figure(of: usage)) }
        return page.html
    }

    private var about: String {
        let all = report.service.overall
        return "\(report.endpoint): \(all.finished) of \(all.requests) requests finished, "
            + "\(FigureNumber.text(all.throughput)) requests/s, "
            + "\(FigureNumber.text(report.service.weightedThroughput)) weighted by rate; seed \(report.seed), "
            + "\(FigureNumber.text(report.warmUp, digits: 0)) s of warm-up, requests sent late by "
            + "\(FigureNumber.text(1000 * (report.lateness?.p99 ?? 0), digits: 1)) ms (p99)."
    }

    private var failures: TextTable {
        var table = TextTable(["model", "failed requests", "kind", "the first"])
        for failure in report.failures {
            table.add([failure.model, "\(failure.count)", failure.kind, failure.example])
        }
        return table
    }

    private var attainment: LineFigure {
        let lines = [("all", report.service.overall)] + report.service.models.map { ($0.name, $0.figures) }
        return LineFigure(
            title: "Requests within a multiple of their unloaded latency", xLabel: "multiple", yLabel: "percent",
            series: lines.map { name, figures in
                LineFigure.Series(name: name, points: figures.attainment.map { ($0.scale, 100 * $0.fraction) })
            })
    }

    private func p99(_ title: String, _ figure: KeyPath<ServiceFigures, Percentiles?>) -> BarFigure {
        let lines = report.service.models.map { ($0.name, $0.figures) } + [("all", report.service.overall)]
        return BarFigure(
            title: title, yLabel: "seconds", groups: lines.map(\.0), series: ["p50", "p99"],
            values: [\Percentiles.p50, \Percentiles.p99].map { part in
                lines.map { $0.1[keyPath: figure]?[keyPath: part] ?? .nan }
            })
    }

    private static func figure(of usage: [KVUsageSample]) -> LineFigure {
        let names = Set(usage.map(\.series)).sorted()
        return LineFigure(
            title: "KV cache in use", xLabel: "seconds", yLabel: "percent",
            series: names.map { name in
                LineFigure.Series(
                    name: name, points: usage.filter { $0.series == name }.map { ($0.time, 100 * $0.usage) })
            })
    }
}
