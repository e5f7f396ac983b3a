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
        add(to: &page)
        return page.html
    }

    func add(to page: inout HTMLPage) {
        for note in report.notes { page.add(paragraph: note) }
        let matrices = report.rows.filter(\.isProduct)
        let others = report.rows.filter { !$0.isProduct }
        for title in names(others.map(Self.title)) {
            let rows = others.filter { Self.title($0) == title }
            page.add(shares(title, rows, series: { "\($0.model) \($0.format)" }, group: Self.place))
        }
        for model in names(matrices.filter { $0.shape.contains("gate") }.map(\.model)) {
            let rows = matrices.filter { $0.model == model }
            page.add(speeds(model, rows.filter { $0.shape.contains("gate") }))
            page.add(
                shares("products of \(model)", rows, series: { "\($0.rows) rows" }, group: { $0.weights }))
        }
        page.add(heading: "All shapes")
        page.add(report.table)
    }

    /// Speed by rows for each format, of the largest matrix of a layer.
    private func speeds(_ model: String, _ rows: [KernelReport.Row]) -> LineFigure {
        let isCPU = report.peaks.gflopsPerCore != nil
        return LineFigure(
            title: "gate and up of \(model)", xLabel: "rows", yLabel: isCPU ? "GFLOP/s per core" : "GFLOP/s",
            series: names(rows.map(\.weights)).map { weights in
                LineFigure.Series(
                    name: weights,
                    points: rows.filter { $0.weights == weights }
                        .map { (Double($0.rows), $0.gflopsPerCore ?? $0.gflops) })
            })
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

extension KernelReport.Row {
    fileprivate var isProduct: Bool { kernel == "matmul" || kernel == "matmul_bytes" }

    /// Of a product: the format of the weights, and whether they meet bytes.
    fileprivate var weights: String { kernel == "matmul" ? format : "\(format) by bytes" }
}
