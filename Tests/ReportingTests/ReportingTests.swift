import Foundation
import Reporting
import Testing

struct ReportingTests {
    @Test func columnsAreAligned() {
        var table = TextTable(["a", "value"])
        table.add(["long name", "1"])
        #expect(table.text == "a          value\nlong name      1\n")
    }

    @Test func pagesNeedNothingElseAndEscapeText() {
        var page = HTMLPage(title: "<x> & \"y\"")
        page.add(
            LineFigure(
                title: "t<1>", xLabel: "x", yLabel: "y", series: [.init(name: "a&b", points: [(0, 1), (1, 3)])]))
        page.add(BarFigure(title: "b", yLabel: "y", groups: ["g"], series: ["s", "t"], values: [[1], [.nan]]))
        #expect(page.html.contains("&lt;x&gt; &amp; &quot;y&quot;"))
        #expect(page.html.contains("a&amp;b"))
        #expect(!page.html.contains("<script") && !page.html.contains("href") && !page.html.contains("nan"))
        #expect(page.html.components(separatedBy: "<svg").count == 3)
    }

    @Test func numbersHaveFixedDigits() {
        #expect(FigureNumber.text(1.005, digits: 1) == "1.0")
        #expect(FigureNumber.text(.infinity) == "-")
    }
}
