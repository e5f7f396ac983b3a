public import Placement
import Scheduling

extension ServeConfiguration {
    /// What serves one unit of a plan: its models with their rates and shares.
    ///
    /// - Parameters:
    ///   - unit: the name of the unit; `nil` for the only one.
    ///   - devices: the names of the machine's devices.
    ///   - file: the model file that is meant by a name of the plan.
    /// - Throws: `ConfigurationError` naming the unit that cannot be served here; what `file` throws where none of a
    ///   model's names is known.
    public init(
        _ plan: Plan, unit name: String? = nil, devices: [String], file: (String) throws -> String
    ) throws {
        let unit = try Self.unit(name, of: plan, devices)
        var models: [ModelConfiguration] = []
        for planned in unit.models {
            let path: String
            do {
                path = try file(planned.model)
            } catch {
                path = try file(planned.name)
            }
            models.append(ModelConfiguration(planned, path: path))
        }
        self.init(models: models)
    }

    private static func unit(
        _ name: String?, of plan: Plan, _ devices: [String]
    ) throws(ConfigurationError) -> PlannedUnit {
        let names = plan.units.map(\.name).joined(separator: ", ")
        guard plan.units.count <= devices.count else {
            throw ConfigurationError(
                "the plan has \(plan.units.count) units (\(names)), and this machine \(devices.count) devices "
                    + "(\(devices.joined(separator: ", ")))")
        }
        let chosen = name.map { name in plan.units.filter { $0.name == name } } ?? plan.units
        guard let unit = chosen.first, chosen.count == 1 else {
            throw ConfigurationError(
                name.map { "the plan has no unit '\($0)'; it has \(names)" }
                    ?? "the plan has the units \(names); one process serves one of them, chosen by --unit")
        }
        guard unit.devices.count == 1 else {
            throw ConfigurationError(
                "unit '\(unit.name)' takes \(unit.devices.count) devices; only units of one device can be served yet")
        }
        return unit
    }
}

extension ModelConfiguration {
    /// A planned model, whose file is at `path`.
    init(_ planned: PlannedModel, path: String) {
        self.init(name: planned.name, path: path)
        rate = planned.rate
        shares = [planned.prefillShare, planned.decodeShare].map { min(10, max(1, ($0 + 5) / 10)) }
        maxSequences = min(planned.maxSequences, maxSequences)
    }
}
