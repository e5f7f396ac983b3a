/// Why there is no plan.
package enum PlacementError: Error, Hashable, Sendable, CustomStringConvertible {
    case noModels
    case noDevices
    case duplicateModel(String)
    case invalidRate(model: String, rate: Double)
    case invalidLengths(model: String)
    /// No mesh of the cluster holds the model, even alone.
    case fitsNowhere(model: String, largestMesh: Int)
    /// Each model fits alone, but not all of them together.
    case clusterTooSmall(models: Int, devices: Int)
    case tooLargeForExactSearch(models: Int, limit: Int)

    package var description: String {
        switch self {
        case .noModels: "no model to place"
        case .noDevices: "the cluster has no device"
        case .duplicateModel(let name): "model \(name) is given twice"
        case .invalidRate(let model, let rate): "model \(model): rate is \(rate), expected positive requests/s"
        case .invalidLengths(let model): "model \(model): mean prompt and output lengths must be at least 1 token"
        case .fitsNowhere(let model, let largest):
            "model \(model) fits on no mesh of this cluster; the largest has \(largest) devices"
        case .clusterTooSmall(let models, let devices):
            "no division of the \(devices) devices holds all \(models) models"
        case .tooLargeForExactSearch(let models, let limit):
            "exact search takes at most \(limit) models, not \(models)"
        }
    }
}
