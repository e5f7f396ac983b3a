/// What is wrong with a YAML file, where.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// Counted from 1; absent where the place is unknown.
    package var line: Int?
    /// The path of the field, as in `models[2].rate`.
    package var field: String?
    package var reason: String

    package init(file: String, line: Int?, field: String?, reason: String) {
        self.file = file
        self.line = line
        self.field = field
        self.reason = reason
    }

    package var description: String {
        let place = [line.map { ":\($0)" } ?? "", field.map { ": field \($0)" } ?? ""].joined()
        return "\(file)\(place): \(reason)"
    }
}
