import Yams

/// A place in a file of configuration: a mapping, a list, or a single value, which knows its file, line and path.
///
/// Types are read by initialisers that take a field and ask it for what they need. All checks of form and range stand
/// in `Field`, so all files are refused in the same words:
///
///     let root = try Field(text, file: "two-models.yaml")
///     try root.allowOnly(["port", "models"])
///     let port = try root.optional("port")?.integer(0...65_535) ?? 8080
///     for model in try root.field("models").elements() { names.append(try model.field("name").name()) }
///
/// JSON is read as the YAML that it is. Lines of JSON and tables of CSV are lists of fields: see `lines` and `rows`.
package struct Field {
    let file: String
    let line: Int
    /// Empty for the root.
    let path: String
    private let content: Content
    /// The lines of the file before the text in which this stands.
    private let linesBefore: Int

    private enum Content {
        case node(Node)
        /// A line of a table: values by column.
        case row([String: String])
        case cell(String)
    }

    /// The root of a YAML or JSON file.
    ///
    /// - Parameters:
    ///   - file: named in errors.
    ///   - linesBefore: those of the file before the text.
    /// - Throws: `FileError` for text that is not YAML, has duplicate keys, or aliases that contain themselves.
    package init(_ text: String, file: String, linesBefore: Int = 0) throws(FileError) {
        let root: Node?
        do {
            // Numbers are recognised where they are asked for; another resolver would try patterns on every key.
            root = try Yams.compose(yaml: JSONText.joiningSurrogates(text), .basic)
        } catch {
            throw FileError(error, in: text, file: file, linesBefore: linesBefore)
        }
        guard let root else { throw FileError(file: file, line: linesBefore + 1, reason: "is empty") }
        (self.file, self.linesBefore, path, content) = (file, linesBefore, "", .node(root))
        line = linesBefore + (root.mark?.line ?? 1)
    }

    /// A line of a table.
    init(row: [String: String], file: String, line: Int) {
        (self.file, self.line, linesBefore, path, content) = (file, line, 0, "", .row(row))
    }

    private init(_ content: Content, at path: String, line: Int, in parent: Field) {
        (self.content, self.path, self.line) = (content, path, line)
        (file, linesBefore) = (parent.file, parent.linesBefore)
    }

    package func error(_ reason: String) -> FileError {
        FileError(file: file, line: line, field: path, reason: reason)
    }

    // MARK: Mappings

    /// A field of a mapping; `nil` where it is absent or null, in a table also where it is empty.
    package func optional(_ key: String) throws(FileError) -> Field? {
        switch content {
        case .node(.mapping(let mapping)):
            guard let node = Self.value(of: key, in: mapping), node.null == nil else { return nil }
            return Field(.node(node), at: path(of: key), line: line(of: node), in: self)
        case .row(let row):
            guard let text = row[key], !text.isEmpty else { return nil }
            return Field(.cell(text), at: path(of: key), line: line, in: self)
        default: throw error("must be a mapping")
        }
    }

    package func field(_ key: String) throws(FileError) -> Field {
        guard let found = try optional(key) else {
            throw FileError(file: file, line: line, field: path(of: key), reason: "is missing")
        }
        return found
    }

    /// All fields of a mapping whose keys are names, in the order of the file.
    package func entries() throws(FileError) -> [(key: String, field: Field)] {
        guard case .node(.mapping(let mapping)) = content else { throw error("must be a mapping") }
        var entries: [(key: String, field: Field)] = []
        for (node, value) in mapping {
            guard let key = node.scalar?.string else { throw error("must have texts as keys") }
            entries.append((key, Field(.node(value), at: path(of: key), line: line(of: node), in: self)))
        }
        return entries
    }

    /// All fields of a mapping whose keys are numbers, in the order of the file.
    package func entries(countedIn range: ClosedRange<Int>) throws(FileError) -> [(key: Int, field: Field)] {
        var entries: [(key: Int, field: Field)] = []
        for (key, field) in try self.entries() {
            guard let number = Int(key), range.contains(number) else {
                throw field.error("must stand under an integer \(Self.words(range)); stands under '\(key)'")
            }
            entries.append((number, field))
        }
        return entries
    }

    /// Refuses fields that nobody reads, which are misspelt more often than not.
    package func allowOnly(_ keys: Set<String>) throws(FileError) {
        for (key, field) in try entries() where !keys.contains(key) && key != Self.merge {
            throw field.error("is not known here; known are \(keys.sorted().joined(separator: ", "))")
        }
    }

    /// The key under which YAML has mappings whose fields count where a mapping has none of its own.
    private static let merge = "<<"

    private static func value(of key: String, in mapping: Node.Mapping) -> Node? {
        if let own = mapping.first(where: { $0.key.scalar?.string == key }) { return own.value }
        guard key != merge, let merged = value(of: merge, in: mapping) else { return nil }
        let others = merged.mapping.map { [$0] } ?? merged.sequence?.compactMap(\.mapping) ?? []
        return others.lazy.compactMap { value(of: key, in: $0) }.first
    }

    private func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func line(of node: Node) -> Int { node.mark.map { linesBefore + $0.line } ?? line }

    // MARK: Lists

    /// The elements of a list.
    package func elements(atLeast least: Int = 1) throws(FileError) -> [Field] {
        guard case .node(.sequence(let sequence)) = content else { throw error("must be a list") }
        if sequence.count < least { throw error("must have at least \(least) \(least == 1 ? "entry" : "entries")") }
        return sequence.enumerated().map { index, node in
            Field(.node(node), at: "\(path)[\(index)]", line: line(of: node), in: self)
        }
    }

    /// The elements of a list of at least one, each a mapping with a name of its own.
    ///
    /// - Parameter key: of the names; elements without one are not compared.
    package func elements(eachWithOwn key: String) throws(FileError) -> [Field] {
        let elements = try elements()
        var names: Set<String> = []
        for element in elements {
            guard let name = try element.optional(key), let text = name.value?.text else { continue }
            if !names.insert(text).inserted { throw name.error("'\(text)' is given twice") }
        }
        return elements
    }

    // MARK: Values

    /// Whether this is neither a list nor a mapping.
    package var isValue: Bool { value != nil }

    /// The text of a value; only a plain one, without quotes, can be a number.
    private var value: (text: String, isPlain: Bool)? {
        switch content {
        case .node(.scalar(let scalar)): (scalar.string, scalar.style == .plain)
        case .cell(let text): (text, true)
        default: nil
        }
    }

    /// A text of at least one character.
    package func text() throws(FileError) -> String {
        guard let value, !value.text.isEmpty else { throw error("must be a text") }
        return value.text
    }

    /// A name by which clients, logs and metrics can tell things apart: 1 to 200 bytes that can be printed.
    package func name() throws(FileError) -> String {
        guard let text = value?.text, (1...200).contains(text.utf8.count),
            text.unicodeScalars.allSatisfy(\.isPrintable),
            text.unicodeScalars.contains(where: { !$0.properties.isWhitespace })
        else { throw error("must be 1 to 200 bytes of text that can be printed") }
        return text
    }

    /// One of the words of an enumeration.
    package func choice<Choice: RawRepresentable<String> & CaseIterable>() throws(FileError) -> Choice {
        guard let choice = value.flatMap({ Choice(rawValue: $0.text) }) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw error("must be one of \(known)\(found)")
        }
        return choice
    }

    package func flag() throws(FileError) -> Bool {
        switch value.flatMap({ $0.isPlain ? $0.text.lowercased() : nil }) {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: throw error("must be true or false\(found)")
        }
    }

    package func integer(_ range: ClosedRange<Int>) throws(FileError) -> Int {
        guard let value = number.flatMap({ Int($0) }) else { throw error("must be an integer\(found)") }
        guard range.contains(value) else {
            let wanted = range.upperBound == .max ? "at least \(range.lowerBound)" : Self.words(range)
            throw error("must be \(wanted); is \(value)")
        }
        return value
    }

    /// A number, by default a positive one of a size whose products stay far within what numbers hold.
    package func number(_ range: ClosedRange<Double> = 1e-9...1e15) throws(FileError) -> Double {
        guard let value = number.flatMap({ Double($0) }) else { throw error("must be a number\(found)") }
        guard range.contains(value) else {
            let wanted = range.lowerBound > 0 && value <= 0 ? "positive" : Self.words(range)
            throw error("must be \(wanted); is \(value)")
        }
        return value
    }

    /// The text of a number, without the underscores that YAML allows in it.
    private var number: String? {
        guard let value, value.isPlain else { return nil }
        return value.text.contains("_") ? value.text.replacing("_", with: "") : value.text
    }

    private static func words<Number>(_ range: ClosedRange<Number>) -> String {
        "between \(range.lowerBound) and \(range.upperBound)"
    }

    /// What stands there instead of what is wanted, where that is short.
    private var found: String {
        guard let text = value?.text, (1...40).contains(text.count), text.unicodeScalars.allSatisfy(\.isPrintable)
        else {
            return ""
        }
        return "; is '\(text)'"
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

extension FileError {
    /// What the parser complains of.
    fileprivate init(_ error: any Error, in text: String, file: String, linesBefore: Int) {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            // Of what lacks at its end the parser complains in a line behind the last.
            let breaks = text.utf8.count { $0 == UInt8(ascii: "\n") }
            let last = text.utf8.last == UInt8(ascii: "\n") ? breaks : breaks + 1
            self.init(file: file, line: linesBefore + min(mark.line, max(last, 1)), reason: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            self.init(
                file: file, line: linesBefore + context.mark.line, field: keys.first ?? "", reason: "is given twice")
        case .reader(let problem, let offset, _, let yaml):
            let lines = yaml.utf8.prefix(offset ?? 0).count { $0 == UInt8(ascii: "\n") }
            self.init(file: file, line: linesBefore + lines + 1, reason: problem)
        default: self.init(file: file, line: linesBefore + 1, reason: "is not YAML: \(error)")
        }
    }
}
