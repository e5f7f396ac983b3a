import Compute
package import Reporting

/// Benchmarks of kernels side by side, shape by shape.
package struct KernelComparison: Sendable {
    private let reports: [(name: String, report: KernelReport)]

    package init(_ reports: [(name: String, report: KernelReport)]) {
        self.reports = reports
    }

    /// What was measured, and the peaks that it is held against.
    package var devices: TextTable {
        var table = TextTable(["report", "device", "driver", "weft", "GFLOP/s", "copying GB/s"])
        for (name, report) in reports {
            table.add([
                name, report.device.name, report.device.driver, report.version,
                FigureNumber.text(report.peaks.gflops, digits: 1),
                FigureNumber.text(report.peaks.gigabytesPerSecond, digits: 1),
            ])
        }
        return table
    }

    /// A line for each shape that any has: the time, the share of the nearer peak, and how many times as fast the
    /// others are as the first.
    package var table: TextTable {
        var table = TextTable(
            ["kernel", "model", "shape", "format", "rows"]
                + reports.flatMap { ["\($0.name) us", "% of peak"] } + reports.dropFirst().map { "\($0.name) speed" })
        let all = reports.map { report in
            Dictionary(report.report.rows.map { (Place($0), $0) }) { first, _ in first }
        }
        for place in DeviceComparison.inOrder(reports.map { $0.report.rows.map(Place.init) }) {
            let rows = all.map { $0[place] }
            table.add(
                [place.kernel, place.model, place.shape, place.format, "\(place.rows)"]
                    + rows.flatMap { row in
                        [
                            FigureNumber.text((row?.seconds ?? .nan) * 1e6, digits: 1),
                            FigureNumber.text(100 * (row?.ofPeak ?? .nan), digits: 1),
                        ]
                    }
                    + rows.dropFirst().map { row in
                        let speed = (rows[0]?.seconds ?? .nan) / (row?.seconds ?? .nan)
                        return speed.isFinite ? FigureNumber.text(speed) + "x" : "-"
                    })
        }
        return table
    }

    /// Empty where there are no reports.
    package var text: String { reports.isEmpty ? "" : devices.text + "\n" + table.text }

    func add(to page: inout HTMLPage) {
        if reports.isEmpty { return }
        page.add(devices)
        page.add(table)
    }

    package func page(title: String) -> HTMLPage {
        var page = HTMLPage(title: title)
        add(to: &page)
        return page
    }

    /// A shape of a kernel.
    private struct Place: Hashable {
        var kernel, model, shape, format: String
        var rows: Int

        init(_ row: KernelReport.Row) {
            (kernel, model, shape, format, rows) = (row.kernel, row.model, row.shape, row.format, row.rows)
        }
    }
}
