/// Rows of text under headings, in columns as wide as their contents.
package struct TextTable: Hashable, Sendable {
    package var headings: [String]
    package private(set) var rows: [[String]] = []

    package init(_ headings: [String]) {
        self.headings = headings
    }

    /// - Parameter cells: One for each heading.
    package mutating func add(_ cells: [String]) {
        precondition(cells.count == headings.count, "\(cells.count) cells under \(headings.count) headings")
        rows.append(cells)
    }

    /// The first column to the left, the others to the right.
    package var text: String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let cells = zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + space : space + cell.0
            }
            return cells.joined(separator: "  ").trimmingSuffix { $0 == " " } + "\n"
        }.joined()
    }
}

extension String {
    fileprivate func trimmingSuffix(while isCut: (Character) -> Bool) -> String {
        var result = self
        while let last = result.last, isCut(last) { result.removeLast() }
        return result
    }
}
