import ConfigurationFiles
import Engine
import GGUF
import Placement
import Quantities
import Scheduling
import Simulation
import Transformer

/// The unit that `weft serve` makes of a configuration, as the simulator sees it.
struct EngineUnit {
    let unit: SimulatedUnit

    /// - Parameters:
    ///   - path: of the cost file.
    ///   - speed: of the device, relative to when it was profiled.
    /// - Throws: `FileError`, `ModelError`, `GGUFError`, `KVError`.
    init(_ configuration: UnitConfiguration, costs path: String, speed: Double) throws {
        let table = try PlanningInputs.costs(path)
        guard let device = table.device else {
            throw FileError(file: path, field: "device", reason: "is missing; `weft profile` writes it")
        }
        let costs = CostModel(table)
        let models = try configuration.models.map { model in
            do {
                return try Self.model(model, of: configuration, costs)
            } catch let error as CostError {
                throw FileError(file: path, reason: "\(error)")
            }
        }
        unit = SimulatedUnit(
            device: LanedDevice(
                device, policy: configuration.policy, shares: models.map(\.settings.shares), speed: speed),
            pages: configuration.poolMegabytes << 20 / PageLayout.defaultPageBytes, models: models)
    }

    private static func model(
        _ model: ModelConfiguration, of unit: UnitConfiguration, _ costs: CostModel
    ) throws -> SimulatedModel {
        let path = try Folders.model(model.path), ranks = max(1, unit.devices.count)
        let network = try Network(GGUFFile(path: path)).cut(into: unit.shards ?? ranks, ranks: ranks)
        let name = PartName.model(at: path)
        guard let cost = try costs.costs(of: name, devices: ranks) else {
            throw CostError(unknownModel: "\(name) on so few devices", known: [])
        }
        let shape = try Model.kvShape(network, type: model.kvType)
        return SimulatedModel(
            name: model.name,
            profile: ModelProfile(network, costName: name, shape: shape),
            settings: ModelSettings(model, shape: shape), cost: cost)
    }
}
