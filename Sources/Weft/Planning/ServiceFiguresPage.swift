import Reporting
import Workloads

/// Served plans as a page: the paper's figures and a table for each.
struct ServiceFiguresPage {
    private let served: [ServedPlan]

    init(_ served: [ServedPlan]) {
        self.served = served
    }

    var html: String {
        var page = HTMLPage(title: "Simulated service")
        page.add(
            BarFigure(
                title: "Throughput", yLabel: "requests/s", groups: ["rate-weighted mean", "all models"],
                series: served.map(\.name),
                values: served.map { [$0.report.weightedThroughput, $0.report.overall.throughput] }))
        page.add(
            LineFigure(
                title: "Requests within a multiple of their unloaded latency", xLabel: "multiple", yLabel: "percent",
                series: served.map { plan in
                    LineFigure.Series(
                        name: plan.name,
                        points: plan.report.overall.attainment.map { ($0.scale, 100 * $0.fraction) })
                }))
        page.add(latencies("Latency", \.latency))
        page.add(latencies("Time to first token", \.timeToFirstToken))
        page.add(latencies("Time per output token", \.timePerOutputToken))
        for plan in served {
            page.add(heading: plan.name)
            page.add(TextTable(plan.report))
        }
        return page.html
    }

    private func latencies(_ title: String, _ figure: KeyPath<ServiceFigures, Percentiles?>) -> BarFigure {
        BarFigure(
            title: title, yLabel: "seconds", groups: ["mean", "p50", "p90", "p99"], series: served.map(\.name),
            values: served.map { plan in
                let found = plan.report.overall[keyPath: figure]
                return [found?.mean, found?.p50, found?.p90, found?.p99].map { $0 ?? .nan }
            })
    }
}
