/// Lines over a common axis, as SVG.
package struct LineFigure: Hashable, Sendable {
    /// One line.
    package struct Series: Hashable, Sendable {
        package var name: String
        package var points: [(x: Double, y: Double)] { zip(xs, ys).map { ($0, $1) } }
        private var xs: [Double]
        private var ys: [Double]

        package init(name: String, points: [(x: Double, y: Double)]) {
            self.name = name
            xs = points.map(\.x)
            ys = points.map(\.y)
        }
    }

    package var title: String
    package var xLabel: String
    package var yLabel: String
    package var series: [Series]

    package init(title: String, xLabel: String, yLabel: String, series: [Series]) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
    }

    package var svg: String {
        let all = series.flatMap(\.points)
        let frame = FigureFrame(x: Self.range(all.map(\.x)), top: all.map(\.y).max() ?? 1)
        var body = frame.axes(xLabel: xLabel, yLabel: yLabel)
        for (index, line) in series.enumerated() {
            let color = FigureFrame.color(index)
            let path = line.points.map { "\(frame.px($0.x)),\(frame.py($0.y))" }.joined(separator: " ")
            body += "<polyline fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\" points=\"\(path)\"/>"
            for point in line.points {
                body += "<circle cx=\"\(frame.px(point.x))\" cy=\"\(frame.py(point.y))\" r=\"3\" fill=\"\(color)\"/>"
            }
        }
        return frame.figure(title: title, body: body + frame.legend(series.map(\.name)))
    }

    private static func range(_ values: [Double]) -> ClosedRange<Double> {
        let (low, high) = (values.min() ?? 0, values.max() ?? 1)
        return low < high ? low...high : low...low + 1
    }
}
