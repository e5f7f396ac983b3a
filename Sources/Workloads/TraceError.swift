/// Where a trace cannot be read, and why.
package struct TraceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1.
    package var line: Int
    /// Absent where the line is no JSON object.
    package var field: String?
    package var reason: String

    package init(line: Int, field: String?, reason: String) {
        self.line = line
        self.field = field
        self.reason = reason
    }

    init(line: Int, decoding error: any Error) {
        switch error as? DecodingError {
        case .keyNotFound(let key, _): self.init(line: line, field: key.stringValue, reason: "is missing")
        case .typeMismatch(let type, let context):
            self.init(line: line, field: context.codingPath.last?.stringValue, reason: "is not a \(type)")
        case .valueNotFound(_, let context):
            self.init(line: line, field: context.codingPath.last?.stringValue, reason: "is null")
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            self.init(line: line, field: context.codingPath.last?.stringValue, reason: context.debugDescription)
        default: self.init(line: line, field: nil, reason: "is not a JSON object")
        }
    }

    package var description: String {
        field.map { "line \(line), field \($0): \(reason)" } ?? "line \(line): \(reason)"
    }
}
