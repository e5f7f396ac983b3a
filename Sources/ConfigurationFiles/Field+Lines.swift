extension Field {
    /// Lines of JSON, each an object of its own; empty ones are skipped.
    ///
    /// - Throws: `FileError`.
    package static func lines(_ text: String, file: String) throws(FileError) -> [Field] {
        var lines: [Field] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            lines.append(try Field(String(line), file: file, linesBefore: index))
        }
        return lines
    }

    /// The lines of a table, whose first line names its columns; empty lines are skipped. Values are separated by
    /// commas and have none inside.
    ///
    /// - Parameters:
    ///   - columns: those that must be there, in any order.
    ///   - mayHave: whether there may be another column.
    /// - Throws: `FileError`, also where a line has more or fewer values than there are columns.
    package static func rows(
        _ text: String, file: String, columns: [String], mayHave: (String) -> Bool = { _ in false }
    ) throws(FileError) -> [Field] {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard let header = lines.first, !header.isEmpty else { throw FileError(file: file, reason: "is empty") }
        let names = cells(header)
        for column in columns where !names.contains(column) {
            throw FileError(file: file, field: column, reason: "is missing among the columns")
        }
        for (index, name) in names.enumerated() {
            if !columns.contains(name), !mayHave(name) {
                let known = columns.joined(separator: ", ")
                throw FileError(file: file, field: name, reason: "is not known here; known are \(known)")
            }
            if names[..<index].contains(name) { throw FileError(file: file, field: name, reason: "is given twice") }
        }
        var rows: [Field] = []
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let cells = cells(line)
            guard cells.count >= names.count else {
                throw FileError(file: file, line: index + 1, field: names[cells.count], reason: "is missing")
            }
            guard cells.count == names.count else {
                let reason = "has \(cells.count) values, and there are \(names.count) columns"
                throw FileError(file: file, line: index + 1, reason: reason)
            }
            let row = Dictionary(zip(names, cells)) { first, _ in first }
            rows.append(Field(row: row, file: file, line: index + 1))
        }
        return rows
    }

    private static func cells(_ line: Substring) -> [String] {
        line.split(separator: ",", omittingEmptySubsequences: false).map { cell in
            var cell = cell
            while cell.first?.isWhitespace == true { cell.removeFirst() }
            while cell.last?.isWhitespace == true { cell.removeLast() }
            return String(cell)
        }
    }
}
