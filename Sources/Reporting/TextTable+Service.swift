import Quantities
package import Workloads

extension TextTable {
    /// The figures of each model and of all together.
    ///
    /// - Parameter scale: The multiple of the unloaded latency whose attainment is shown.
    package init(_ report: ServiceReport, within scale: Double = 8) {
        self.init([
            "model", "rate", "served", "tokens/s", "ttft p50", "ttft p99", "tpot p50", "latency p50", "latency p99",
            "within \(FigureNumber.text(scale, digits: 0))x",
        ])
        for model in report.models { add(model.name, model.rate, model.figures, scale) }
        add("all", report.models.reduce(0) { $0 + $1.rate }, report.overall, scale)
    }

    private mutating func add(_ name: String, _ rate: Double, _ figures: ServiceFigures, _ scale: Double) {
        let attained = figures.attainment.first { $0.scale == scale }?.fraction
        add([
            name, FigureNumber.text(rate), FigureNumber.text(figures.throughput),
            FigureNumber.text(figures.outputTokensPerSecond, digits: 1),
            Self.seconds(figures.timeToFirstToken?.p50), Self.seconds(figures.timeToFirstToken?.p99),
            Self.seconds(figures.timePerOutputToken?.p50), Self.seconds(figures.latency?.p50),
            Self.seconds(figures.latency?.p99),
            attained.map { FigureNumber.text(100 * $0, digits: 1) + " %" } ?? "-",
        ])
    }

    private static func seconds(_ value: Double?) -> String {
        value.map { FigureNumber.text($0, digits: 3) } ?? "-"
    }
}
