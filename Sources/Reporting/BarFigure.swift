/// Groups of bars, as SVG.
package struct BarFigure: Hashable, Sendable {
    package var title: String
    package var yLabel: String
    package var groups: [String]
    package var series: [String]
    /// `[series][group]`
    package var values: [[Double]]

    package init(title: String, yLabel: String, groups: [String], series: [String], values: [[Double]]) {
        precondition(values.count == series.count && values.allSatisfy { $0.count == groups.count }, "a bar a cell")
        self.title = title
        self.yLabel = yLabel
        self.groups = groups
        self.series = series
        self.values = values
    }

    package var svg: String {
        let most = values.joined().filter(\.isFinite).max() ?? 1
        let frame = FigureFrame(x: 0...Double(max(1, groups.count)), top: most)
        var body = frame.axes(xLabel: nil, yLabel: yLabel)
        let width = 0.8 / Double(max(1, series.count))
        for (index, row) in values.enumerated() {
            let color = FigureFrame.color(index)
            for (group, value) in row.enumerated() where value.isFinite {
                let x = Double(group) + 0.1 + width * Double(index)
                let (left, right, top) = (frame.px(x), frame.px(x + width), frame.py(value))
                body += "<rect x=\"\(left)\" y=\"\(top)\" width=\"\(right - left)\" height=\"\(frame.py(0) - top)\""
                body += " fill=\"\(color)\"><title>\(FigureNumber.text(value))</title></rect>"
            }
        }
        for (group, name) in groups.enumerated() {
            body += frame.label(name, at: Double(group) + 0.5)
        }
        return frame.figure(title: title, body: body + frame.legend(series))
    }
}
