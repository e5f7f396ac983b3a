/// Why a plan cannot be simulated.
package enum SimulationError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownNode(unit: String, node: Int)
    /// A model of the plan that the workload does not have, or the other way round.
    case unknownModel(String)
    case doesNotFit(model: String, unit: String)

    package var description: String {
        switch self {
        case .unknownNode(let unit, let node): "unit \(unit): the cluster has no node \(node)"
        case .unknownModel(let model): "model \(model) is not both in the plan and in the workload"
        case .doesNotFit(let model, let unit): "unit \(unit): its devices do not hold model \(model)"
        }
    }

    /// The unit at fault; `nil` where all are.
    package var unit: String? {
        switch self {
        case .unknownNode(let unit, _), .doesNotFit(_, let unit): unit
        case .unknownModel: nil
        }
    }
}
