import Yams

/// A place in a YAML file, for reading with errors that name file, line and field.
struct YAMLField {
    private let file: String
    private let path: String
    private let node: Node

    /// The root of a file.
    ///
    /// - Throws: `FileError` for text that is no YAML, has duplicate keys, or aliases that contain themselves.
    init(_ text: String, file: String) throws(FileError) {
        do {
            guard let root = try Yams.compose(yaml: text) else {
                throw FileError(file: file, line: nil, field: nil, reason: "is empty")
            }
            (self.file, path, node) = (file, "", root)
        } catch let error as FileError {
            throw error
        } catch {
            throw Self.described(error, file)
        }
    }

    private init(file: String, path: String, node: Node) {
        (self.file, self.path, self.node) = (file, path, node)
    }

    func error(_ reason: String) -> FileError {
        FileError(file: file, line: node.mark?.line, field: path.isEmpty ? nil : path, reason: reason)
    }

    /// A field of a mapping; `nil` where it is absent or null.
    func optional(_ key: String) throws(FileError) -> YAMLField? {
        guard let mapping = node.mapping else { throw error("is not a mapping") }
        guard let value = mapping[key], value.null == nil else { return nil }
        return YAMLField(file: file, path: path.isEmpty ? key : "\(path).\(key)", node: value)
    }

    func field(_ key: String) throws(FileError) -> YAMLField {
        guard let found = try optional(key) else {
            throw FileError(
                file: file, line: node.mark?.line, field: path.isEmpty ? key : "\(path).\(key)", reason: "is missing")
        }
        return found
    }

    func elements() throws(FileError) -> [YAMLField] {
        guard let sequence = node.sequence else { throw error("is not a list") }
        return sequence.enumerated().map { YAMLField(file: file, path: "\(path)[\($0)]", node: $1) }
    }

    /// Whether this is neither a list nor a mapping.
    var isScalar: Bool { node.scalar != nil }

    func string() throws(FileError) -> String {
        guard let value = node.string, !value.isEmpty else { throw error("is not a text") }
        return value
    }

    func integer(_ range: ClosedRange<Int>) throws(FileError) -> Int {
        guard let value = node.int else { throw error("is not an integer") }
        guard range.contains(value) else {
            throw error(
                range.upperBound == .max
                    ? "is \(value), expected at least \(range.lowerBound)"
                    : "is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A positive number, by default of a size whose products stay far within what numbers hold.
    func positive(_ range: ClosedRange<Double> = 1e-9...1e15) throws(FileError) -> Double {
        guard let value = node.float else { throw error("is not a number") }
        guard value.isFinite, value > 0 else { throw error("is \(value), expected a positive number") }
        guard range.contains(value) else {
            throw error("is \(value), expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func positive(
        or standard: Double, _ key: String, _ range: ClosedRange<Double> = 1e-9...1e15
    ) throws(FileError) -> Double {
        try optional(key)?.positive(range) ?? standard
    }

    /// Refuses fields that nobody reads, which are misspelt more often than not.
    func allowOnly(_ keys: Set<String>) throws(FileError) {
        guard let mapping = node.mapping else { throw error("is not a mapping") }
        for key in mapping.keys where !keys.contains(key.string ?? "") {
            throw FileError(
                file: file, line: key.mark?.line, field: (path.isEmpty ? "" : path + ".") + (key.string ?? "?"),
                reason: "is not known here; known are \(keys.sorted().joined(separator: ", "))")
        }
    }

    private static func described(_ error: any Error, _ file: String) -> FileError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            FileError(file: file, line: mark.line, field: nil, reason: problem)
        case .duplicatedKeysInMapping(let keys, let context):
            FileError(
                file: file, line: context.mark.line, field: keys.first, reason: "is given twice")
        default: FileError(file: file, line: nil, field: nil, reason: "is not YAML: \(error)")
        }
    }
}
