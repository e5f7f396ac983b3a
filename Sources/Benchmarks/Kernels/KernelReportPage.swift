import Compute
import Reporting

/// A benchmark of kernels as a page of figures and one table.
package struct KernelReportPage {
    private let report: KernelReport

    package init(_ report: KernelReport) {
        self.report = report
    }

    package var html: String {
        var page = HTMLPage(title: "Kernels on \(report.device.name)")
        for note in report.notes { page.add(paragraph: note) }
        let others = report.rows.filter { $0.kernel != "matmul" }
        for title in names(others.map(Self.title)) {
            let rows = others.filter { Self.title($0) == title }
            page.add(shares(title, rows, series: { "\($0.model) \($0.format)" }, group: Self.place))
        }
        for model in names(report.rows.filter { $0.kernel == "matmul" && $0.shape.contains("gate") }.map(\.model)) {
            page.add(speeds(model))
            page.add(products(model))
        }
        page.add(heading: "All shapes")
        page.add(report.table)
        return page.html
    }

    /// Speed by rows for each format, of the largest matrix of a layer.
    private func speeds(_ model: String) -> LineFigure {
        let rows = report.rows.filter { $0.kernel == "matmul" && $0.model == model && $0.shape.contains("gate") }
        let isCPU = report.peaks.gflopsPerCore != nil
        return LineFigure(
            title: "matmul, gate and up of \(model)", xLabel: "rows",
            yLabel: isCPU ? "GFLOP/s per core" : "GFLOP/s",
            series: names(rows.map(\.format)).map { format in
                LineFigure.Series(
                    name: format,
                    points: rows.filter { $0.format == format }.map { (Double($0.rows), $0.gflopsPerCore ?? $0.gflops) }
                )
            })
    }

    /// Percent of the nearer peak for each matrix, by rows.
    private func products(_ model: String) -> BarFigure {
        let rows = report.rows.filter { $0.kernel == "matmul" && $0.model == model }
        return shares("matmul, \(model)", rows, series: { "\($0.rows) rows" }, group: { $0.format })
    }

    private static func title(_ row: KernelReport.Row) -> String {
        row.kernel == "attention" ? "attention, \(row.shape.prefix { $0 != " " })" : "\(row.kernel), by rows"
    }

    /// Rows, and the tokens that they attend to where a model decodes.
    private static func place(_ row: KernelReport.Row) -> String {
        row.shape.hasPrefix("decode") ? "\(row.rows) \(row.shape.dropFirst(7))" : "\(row.rows)"
    }

    /// The best of the rows that fall in one place stands for them.
    private func shares(
        _ title: String, _ rows: [KernelReport.Row], series: (KernelReport.Row) -> String,
        group: (KernelReport.Row) -> String
    ) -> BarFigure {
        let (allSeries, groups) = (names(rows.map(series)), names(rows.map(group)))
        return BarFigure(
            title: title, yLabel: "percent of the nearer peak", groups: groups, series: allSeries,
            values: allSeries.map { name in
                groups.map { place in
                    let found = rows.filter { series($0) == name && group($0) == place }
                    return found.map { 100 * $0.ofPeak }.max() ?? .nan
                }
            })
    }

    /// Each name once, in the order of their first use.
    private func names(_ all: [String]) -> [String] {
        all.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
