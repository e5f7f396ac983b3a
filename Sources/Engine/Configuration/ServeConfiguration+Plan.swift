package import Placement
import Quantities
import Scheduling

extension ServeConfiguration {
    /// What serves the units of a plan that are this machine's: models with their rates and shares.
    ///
    /// - Parameters:
    ///   - unit: the name of the only unit to serve; `nil` for all of them.
    ///   - devices: the machine's devices as the plan numbers them, each as `UnitConfiguration.device` names it.
    ///   - file: the model file that is meant by a name of the plan.
    /// - Throws: `ConfigurationError` naming the unit that cannot be served here; what `file` throws where none of a
    ///   model's names is known.
    package init(
        _ plan: Plan, unit name: String? = nil, devices: [String], file: (String) throws -> String
    ) throws {
        let chosen = name.map { name in plan.units.filter { $0.name == name } } ?? plan.units
        guard !chosen.isEmpty else {
            let names = plan.units.map(\.name).joined(separator: ", ")
            throw ConfigurationError("the plan has no unit '\(name ?? "")'; it has \(names)")
        }
        self.init(
            units: try chosen.map { unit in
                var configuration = UnitConfiguration(
                    name: unit.name, models: try unit.models.map { try ModelConfiguration($0, file: file) })
                configuration.device = try Self.device(of: unit, devices)
                return configuration
            })
    }

    private static func device(of unit: PlannedUnit, _ devices: [String]) throws(ConfigurationError) -> String {
        guard unit.devices.count == 1 else {
            throw ConfigurationError(
                "unit '\(unit.name)' takes \(unit.devices.count) devices; only units of one device can be served yet")
        }
        guard unit.node == 0, devices.indices.contains(unit.devices[0]) else {
            throw ConfigurationError(
                "unit '\(unit.name)' is on device \(unit.devices[0]) of node \(unit.node), and this machine has "
                    + "\(devices.count) devices (\(devices.joined(separator: ", ")))")
        }
        return devices[unit.devices[0]]
    }
}

extension ModelConfiguration {
    /// A planned model, whose file may be known by its path or by its name.
    init(_ planned: PlannedModel, file: (String) throws -> String) throws {
        let path: String
        do { path = try file(planned.model) } catch { path = try file(planned.name) }
        self.init(name: planned.name, path: path)
        rate = planned.rate
        shares = [planned.shares.prefill.tenths, planned.shares.decode.tenths]
        maxSequences = min(planned.maxSequences, maxSequences)
    }
}
