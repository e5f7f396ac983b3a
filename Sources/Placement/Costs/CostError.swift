/// What is wrong with a cost file, or what it lacks.
package enum CostError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `line` counts from 1.
    case invalidLine(line: Int, field: String, reason: String)
    case invalidField(path: String, reason: String)
    case notJSON(reason: String)
    case empty
    case unknownModel(String, known: [String])

    package var description: String {
        switch self {
        case .invalidLine(let line, let field, let reason): "line \(line), field \(field): \(reason)"
        case .invalidField(let path, let reason): "field \(path): \(reason)"
        case .notJSON(let reason): "not JSON: \(reason)"
        case .empty: "the cost file holds no measurement"
        case .unknownModel(let model, let known):
            "no costs of model \(model); the cost file has \(known.joined(separator: ", "))"
        }
    }
}
