/// What is wrong with a YAML file, where.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// Counted from 1; absent where the place is unknown.
    public var line: Int?
    /// The path of the field, as in `models[2].rate`.
    public var field: String?
    public var reason: String

    public init(file: String, line: Int?, field: String?, reason: String) {
        self.file = file
        self.line = line
        self.field = field
        self.reason = reason
    }

    public var description: String {
        let place = [line.map { ":\($0)" } ?? "", field.map { ": field \($0)" } ?? ""].joined()
        return "\(file)\(place): \(reason)"
    }
}
