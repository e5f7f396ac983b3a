/// What is wrong with a workload, and in which field.
package enum WorkloadError: Error, Hashable, Sendable, CustomStringConvertible {
    case noModels
    case duplicateModel(String)
    case invalidField(model: String?, field: String, value: String, expected: String)

    package var description: String {
        switch self {
        case .noModels: "the workload names no model"
        case .duplicateModel(let name): "the workload names model \(name) twice"
        case .invalidField(let model?, let field, let value, let expected):
            "model \(model): \(field) is \(value), expected \(expected)"
        case .invalidField(nil, let field, let value, let expected):
            "workload: \(field) is \(value), expected \(expected)"
        }
    }
}
