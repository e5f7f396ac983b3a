package import Reporting

/// Benchmarks of several devices, or of one at several times, side by side.
package struct DeviceComparison: Sendable {
    private let benchmarks: [(name: String, benchmark: DeviceBenchmark)]

    package init(_ benchmarks: [(name: String, benchmark: DeviceBenchmark)]) {
        self.benchmarks = benchmarks
    }

    /// A line for each figure that any has. The figures of the others stand beside the first one's, and over it.
    package var table: TextTable {
        let all = benchmarks.map(\.benchmark.figures)
        var table = TextTable(
            ["stage", "figure", "unit"] + benchmarks.map(\.name)
                + benchmarks.dropFirst().map { "\($0.name) / \(benchmarks[0].name)" })
        for place in Self.inOrder(all.map { $0.map(Place.init) }) {
            let values = all.map { figures in figures.first { Place($0) == place }?.value ?? .nan }
            table.add(
                [place.stage, place.name, place.unit] + values.map { FigureNumber.text($0) }
                    + values.dropFirst().map { FigureNumber.text($0 / values[0]) })
        }
        return table
    }

    /// The kernels of those that have any.
    private var kernels: KernelComparison {
        KernelComparison(
            benchmarks.compactMap { name, benchmark in
                benchmark.stages.lazy.compactMap(\.kernels).first.map { (name, $0) }
            })
    }

    /// The stages of any that did not pass, a line each.
    private var notes: [String] {
        benchmarks.flatMap { name, benchmark in
            benchmark.stages.filter { $0.outcome != .passed }
                .map { "\(name): \($0.name) \($0.outcome.rawValue): \($0.reason ?? "")" }
        }
    }

    package var text: String {
        table.text + "\n" + kernels.text + notes.map { $0 + "\n" }.joined()
    }

    package func page(title: String) -> HTMLPage {
        var page = HTMLPage(title: title)
        for note in notes { page.add(paragraph: note) }
        page.add(table)
        page.add(heading: "Kernels")
        kernels.add(to: &page)
        return page
    }

    /// What is measured, without how much it is.
    private struct Place: Hashable {
        var stage, name, unit: String

        init(_ figure: DeviceFigure) { (stage, name, unit) = (figure.stage, figure.name, figure.unit) }
    }

    /// Each element once, in the order of its first use.
    static func inOrder<Element: Hashable>(_ lists: [[Element]]) -> [Element] {
        var seen: Set<Element> = []
        return lists.joined().filter { seen.insert($0).inserted }
    }
}
