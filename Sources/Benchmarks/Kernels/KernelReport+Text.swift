import Compute
package import Reporting

extension KernelReport {
    /// The device, its peaks and what was left out, a line each.
    package var notes: [String] {
        var lines = [
            "\(device.name), driver \(device.driver), \(host.cores) cores, weft \(version), \(date)",
            "peaks: \(FigureNumber.text(peaks.gflops, digits: 1)) GFLOP/s"
                + (peaks.gflopsPerCore.map { ", \(FigureNumber.text($0, digits: 1)) per core" } ?? "")
                + ", copying \(FigureNumber.text(peaks.gigabytesPerSecond, digits: 1)) GB/s",
        ]
        lines += leftOut.map {
            "left out: \($0.kernel) \($0.model) \($0.shape) \($0.format) \($0.rows) rows: \($0.reason)"
        }
        return lines
    }

    package var table: TextTable {
        let hasCores = peaks.gflopsPerCore != nil
        var table = TextTable(
            ["kernel", "model", "shape", "format", "rows", "us", "GFLOP/s"] + (hasCores ? ["per core"] : [])
                + ["GB/s", "% arithmetic", "% copying"])
        for row in rows {
            let isCounted = row.gflops > 0
            table.add(
                [
                    row.kernel, row.model, row.shape, row.format, "\(row.rows)",
                    FigureNumber.text(row.seconds * 1e6, digits: 1), isCounted ? FigureNumber.text(row.gflops) : "-",
                ]
                    + (hasCores ? [isCounted ? FigureNumber.text(row.gflopsPerCore ?? .nan) : "-"] : [])
                    + [
                        FigureNumber.text(row.gigabytesPerSecond), FigureNumber.text(100 * row.ofArithmetic, digits: 1),
                        FigureNumber.text(100 * row.ofCopying, digits: 1),
                    ])
        }
        return table
    }
}
