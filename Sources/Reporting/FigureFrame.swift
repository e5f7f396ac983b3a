import Foundation

/// The axes of a figure and the way from values to places.
struct FigureFrame {
    private static let colors = [
        "#2563eb", "#dc2626", "#16a34a", "#9333ea", "#d97706", "#0891b2", "#4b5563", "#db2777", "#65a30d", "#7dd3fc",
        "#92400e", "#fca5a5",
    ]
    /// Of a letter, about.
    private static let letterWidth = 6.2
    private static let size = (width: 640.0, height: 360.0)
    private static let margin = (left: 60.0, right: 150.0, top: 34.0, bottom: 46.0)

    let x: ClosedRange<Double>
    let y: ClosedRange<Double>
    private let yTicks: FigureTicks

    /// - Parameter top: the largest value; the y axis starts at zero and ends with the round value beyond it.
    init(x: ClosedRange<Double>, top: Double) {
        self.x = x
        yTicks = FigureTicks(over: 0...max(1e-9, top))
        y = 0...(yTicks.values.last ?? top)
    }

    static func color(_ index: Int) -> String { colors[index % colors.count] }

    func px(_ value: Double) -> Double {
        let part = (value - x.lowerBound) / (x.upperBound - x.lowerBound)
        return Self.rounded(Self.margin.left + part * (Self.size.width - Self.margin.left - Self.margin.right))
    }

    func py(_ value: Double) -> Double {
        let part = (value - y.lowerBound) / (y.upperBound - y.lowerBound)
        let height = Self.size.height - Self.margin.top - Self.margin.bottom
        return Self.rounded(Self.size.height - Self.margin.bottom - part * height)
    }

    /// Axes with marks; without a label the x axis has none.
    func axes(xLabel: String?, yLabel: String) -> String {
        var body = ""
        for (value, text) in zip(yTicks.values, yTicks.texts) {
            body +=
                "<line x1=\"\(px(x.lowerBound))\" x2=\"\(px(x.upperBound))\" y1=\"\(py(value))\" y2=\"\(py(value))\""
            body += " stroke=\"#ddd\"/><text x=\"\(px(x.lowerBound) - 6)\" y=\"\(py(value) + 4)\" text-anchor=\"end\">"
            body += "\(text)</text>"
        }
        if let xLabel {
            let ticks = FigureTicks(over: x)
            for (value, text) in zip(ticks.values, ticks.texts) where value <= x.upperBound {
                body += "<text x=\"\(px(value))\" y=\"\(py(y.lowerBound) + 16)\" text-anchor=\"middle\">\(text)</text>"
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
            let text = Self.fitted(name, width: Self.size.width - left - 15)
            return "<rect x=\"\(left)\" y=\"\(top)\" width=\"10\" height=\"10\" fill=\"\(Self.color(index))\"/>"
                + "<text x=\"\(left + 15)\" y=\"\(top + 9)\">\(text)</text>"
        }.joined()
    }

    /// A name under the x axis at `value`, in the room of one unit of it.
    func label(_ name: String, at value: Double) -> String {
        let room = px(x.lowerBound + 1) - px(x.lowerBound)
        return "<text x=\"\(px(value))\" y=\"\(py(y.lowerBound) + 16)\" text-anchor=\"middle\">"
            + "\(Self.fitted(name, width: room))</text>"
    }

    /// A name without its middle where it is too long; the whole of it shows when pointed at.
    private static func fitted(_ name: String, width: Double) -> String {
        let most = max(3, Int(width / letterWidth))
        guard name.count > most else { return HTMLText.escaped(name) }
        let short = "\(name.prefix(most / 2))…\(name.suffix(most - most / 2 - 1))"
        return "\(HTMLText.escaped(short))<title>\(HTMLText.escaped(name))</title>"
    }

    func figure(title: String, body: String) -> String {
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Self.size.width) \(Self.size.height)\" role=\"img\">"
            + "<text x=\"\(Self.margin.left)\" y=\"20\" font-weight=\"bold\">\(HTMLText.escaped(title))</text>"
            + body + "</svg>"
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}

/// Round values along an axis, some five of them.
private struct FigureTicks {
    let values: [Double]
    /// The decimals that tell them apart.
    let digits: Int

    /// - Parameter range: not empty. From zero on the last value is at or beyond its end; else all lie in it.
    init(over range: ClosedRange<Double>) {
        let span = range.upperBound - range.lowerBound
        let power = pow(10, (log10(span / 4)).rounded(.down))
        let step = power * ([1, 2, 2.5, 5, 10].first { $0 * power >= span / 4 * 0.999 } ?? 10)
        // Adding zero makes a negative zero a plain one.
        let first = (range.lowerBound / step - 1e-9).rounded(.up) + 0
        let last =
            range.lowerBound == 0
            ? (range.upperBound / step - 1e-9).rounded(.up) : (range.upperBound / step + 1e-9).rounded(.down)
        values = stride(from: first, through: max(first, last), by: 1).map { $0 * step }
        digits = (0...9).first { abs(step * pow(10, Double($0)) - (step * pow(10, Double($0))).rounded()) < 1e-6 } ?? 9
    }

    var texts: [String] { values.map { FigureNumber.text($0, digits: digits) } }
}
