import Foundation
import Reporting
import Testing
import Workloads

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

    @Test(
        arguments: [
            (100.0, ["0", "25", "50", "75", "100"]), (1.61, ["0.0", "0.5", "1.0", "1.5", "2.0"]),
            (0.02, ["0.000", "0.005", "0.010", "0.015", "0.020"]), (7.0, ["0", "2", "4", "6", "8"]),
        ] as [(Double, [String])])
    func axesHaveRoundMarks(_ top: Double, _ expected: [String]) {
        let svg = BarFigure(title: "", yLabel: "", groups: ["g"], series: ["s"], values: [[top]]).svg
        let marks = svg.matches(of: /text-anchor="end">([0-9.]+)</).map { String($0.1) }
        #expect(marks == expected)
    }

    @Test func longNamesAreShortenedAndKept() {
        let name = String(repeating: "long", count: 20)
        let svg = BarFigure(title: "", yLabel: "", groups: [name, "b"], series: ["s"], values: [[1, 2]]).svg
        #expect(svg.contains("…") && svg.contains("<title>\(name)</title>") && svg.contains(">b</text>"))
    }

    @Test func numbersHaveFixedDigits() {
        #expect(FigureNumber.text(1.005, digits: 1) == "1.0")
        #expect(FigureNumber.text(.infinity) == "-")
    }

    @Test func servicesStandSideBySide() {
        let records = [1.0, 3].map {
            RequestRecord(
                model: "a<b", arrival: 0, promptTokens: 3, outputTokens: 2, firstToken: 0.5, finish: 9 * $0,
                unloadedLatency: 2)
        }
        let report = ServiceReport(records, rates: [("a<b", 2)])
        #expect(TextTable(report).rows.map { $0[0] } == ["a<b", "all"])
        #expect(TextTable(report).rows[0].last == "50.0 %")
        let comparison = ServiceComparison([("x", report), ("y", ServiceReport([], rates: []))])
        let rows = comparison.table("policy").rows
        #expect(rows[0] == ["x", "2.00", "0.07", "0.07", "0.50", "18.00", "26.82", "50.0 %"])
        #expect(rows[1] == ["y", "0.00", "0.00", "0.00", "-", "-", "-", "0.0 %"])
        let html = comparison.page(title: "t").html
        #expect(html.contains("a&lt;b") && html.components(separatedBy: "<svg").count == 6)
    }
}
