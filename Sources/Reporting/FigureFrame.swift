/// The axes of a figure and the way from values to places.
struct FigureFrame {
    static let colors = ["#2563eb", "#dc2626", "#16a34a", "#9333ea", "#d97706", "#0891b2", "#4b5563"]
    private static let size = (width: 640.0, height: 360.0)
    private static let margin = (left: 60.0, right: 150.0, top: 34.0, bottom: 46.0)

    let x: ClosedRange<Double>
    let y: ClosedRange<Double>

    func px(_ value: Double) -> Double {
        let part = (value - x.lowerBound) / (x.upperBound - x.lowerBound)
        return Self.rounded(Self.margin.left + part * (Self.size.width - Self.margin.left - Self.margin.right))
    }

    func py(_ value: Double) -> Double {
        let part = (value - y.lowerBound) / (y.upperBound - y.lowerBound)
        let height = Self.size.height - Self.margin.top - Self.margin.bottom
        return Self.rounded(Self.size.height - Self.margin.bottom - part * height)
    }

    /// Axes with five marks each; without a label the x axis has none.
    func axes(xLabel: String?, yLabel: String) -> String {
        var body = ""
        for step in 0...4 {
            let value = y.lowerBound + (y.upperBound - y.lowerBound) * Double(step) / 4
            body +=
                "<line x1=\"\(px(x.lowerBound))\" x2=\"\(px(x.upperBound))\" y1=\"\(py(value))\" y2=\"\(py(value))\""
            body += " stroke=\"#ddd\"/><text x=\"\(px(x.lowerBound) - 6)\" y=\"\(py(value) + 4)\" text-anchor=\"end\">"
            body += "\(FigureNumber.text(value, digits: y.upperBound < 10 ? 2 : 0))</text>"
        }
        if let xLabel {
            for step in 0...4 {
                let value = x.lowerBound + (x.upperBound - x.lowerBound) * Double(step) / 4
                body += "<text x=\"\(px(value))\" y=\"\(py(y.lowerBound) + 16)\" text-anchor=\"middle\">"
                body += "\(FigureNumber.text(value, digits: x.upperBound < 10 ? 2 : 0))</text>"
            }
            body += "<text x=\"\((px(x.lowerBound) + px(x.upperBound)) / 2)\" y=\"\(Self.size.height - 8)\""
            body += " text-anchor=\"middle\">\(HTMLText.escaped(xLabel))</text>"
        }
        let middle = (py(y.lowerBound) + py(y.upperBound)) / 2
        body += "<text x=\"14\" y=\"\(middle)\" text-anchor=\"middle\" transform=\"rotate(-90 14 \(middle))\">"
        return body + "\(HTMLText.escaped(yLabel))</text>"
    }

    func legend(_ names: [String]) -> String {
        names.enumerated().map { index, name in
            let top = Self.margin.top + 18 * Double(index)
            let left = Self.size.width - Self.margin.right + 12
            let color = Self.colors[index % Self.colors.count]
            return "<rect x=\"\(left)\" y=\"\(top)\" width=\"10\" height=\"10\" fill=\"\(color)\"/>"
                + "<text x=\"\(left + 15)\" y=\"\(top + 9)\">\(HTMLText.escaped(name))</text>"
        }.joined()
    }

    func figure(title: String, body: String) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.size.width) \(Self.size.height)\" role=\"img\">"
            + "<text x=\"\(Self.margin.left)\" y=\"20\" font-weight=\"bold\">\(HTMLText.escaped(title))</text>"
            + body + "</svg>"
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
