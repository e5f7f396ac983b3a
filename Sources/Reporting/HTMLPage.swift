/// A page of tables and figures that needs no other file.
package struct HTMLPage: Hashable, Sendable {
    private let title: String
    private var body = ""

    package init(title: String) {
        self.title = title
    }

    package mutating func add(heading: String) { body += "<h2>\(HTMLText.escaped(heading))</h2>\n" }

    package mutating func add(paragraph: String) { body += "<p>\(HTMLText.escaped(paragraph))</p>\n" }

    package mutating func add(_ figure: LineFigure) { body += "<figure>\(figure.svg)</figure>\n" }

    package mutating func add(_ figure: BarFigure) { body += "<figure>\(figure.svg)</figure>\n" }

    package mutating func add(_ table: TextTable) {
        func row(_ cells: [String], _ tag: String) -> String {
            "<tr>" + cells.map { "<\(tag)>\(HTMLText.escaped($0))</\(tag)>" }.joined() + "</tr>\n"
        }
        body += "<table>\n" + row(table.headings, "th") + table.rows.map { row($0, "td") }.joined() + "</table>\n"
    }

    package var html: String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>\(HTMLText.escaped(title))</title><style>
        body { font: 15px system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
        table { border-collapse: collapse; font-size: 13px; } th, td { padding: 2px 10px; text-align: right; }
        th { border-bottom: 1px solid #999; } th:first-child, td:first-child { text-align: left; }
        figure { margin: 1rem 0; } svg { width: 100%; max-width: 640px; font: 11px system-ui, sans-serif; fill: #222; }
        </style></head><body>
        <h1>\(HTMLText.escaped(title))</h1>
        \(body)</body></html>

        """
    }
}

/// Text inside HTML and SVG.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
