/// What is wrong in a file that a user wrote, and where: `two-models.yaml:7: models[1].rate: must be positive; is -1`.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// Counted from 1.
    package var line: Int
    /// The path of the field, as in `models[2].rate`; empty where the file as a whole is at fault.
    package var field: String
    package var reason: String

    package init(file: String, line: Int = 1, field: String = "", reason: String) {
        self.file = file
        self.line = line
        self.field = field
        self.reason = reason
    }

    package var description: String { "\(file):\(line): \(field.isEmpty ? "document" : field): \(reason)" }
}
