package import ConfigurationFiles
import Placement
import Quantities
import Scheduling

extension ServeConfiguration {
    /// Whether a file is a plan: the devices of its units are numbers.
    package static func isPlan(_ root: Field) -> Bool {
        let units = try? root.optional("units")?.elements()
        return units?.contains { unit in
            let devices = try? unit.optional("devices")?.elements()
            return devices?.contains { (try? $0.integer(0...65_535)) != nil } ?? false
        } ?? false
    }

    /// What serves the units of a plan that are this machine's: models with their rates and shares.
    ///
    /// - Parameters:
    ///   - root: of the plan's file.
    ///   - unit: the name of the only unit to serve; `nil` for all of them.
    ///   - node: which of the plan's nodes this machine is, whose units alone are served; `nil` where the plan has one.
    ///   - devices: the machine's devices as the plan numbers them, each as `UnitConfiguration.devices` names it.
    ///   - file: the model file that is meant by a name of the plan.
    /// - Throws: `FileError`, also where a unit cannot be served here, or `file` knows none of a model's names.
    package init(
        plan root: Field, unit name: String? = nil, node: Int? = nil, devices: [String],
        file: (String) throws -> String
    ) throws(FileError) {
        let plan = try Plan(root)
        let list = try root.field("units")
        var units: [UnitConfiguration] = []
        for (unit, field) in zip(plan.units, try list.elements()) {
            guard name == nil || unit.name == name, node == nil || unit.node == node else { continue }
            var models: [ModelConfiguration] = []
            for (model, field) in zip(unit.models, try field.field("models").elements()) {
                models.append(try ModelConfiguration(model, field, file: file))
            }
            var configuration = UnitConfiguration(name: unit.name, models: models)
            configuration.devices = try Self.devices(of: unit, field, on: node ?? 0, devices)
            units.append(configuration)
        }
        if units.isEmpty {
            if let node, name.map({ name in plan.units.contains { $0.name == name } }) ?? true {
                let nodes = Set(plan.units.map(\.node)).sorted().map(String.init).joined(separator: ", ")
                let what = name.map { "unit '\($0)' is not on" } ?? "there are no units for"
                throw list.error("\(what) node \(node); there are nodes \(nodes)")
            }
            let names = plan.units.map(\.name).joined(separator: ", ")
            throw list.error("there is no unit '\(name ?? "")'; there are \(names)")
        }
        self.init(units: units)
    }

    private static func devices(
        of unit: PlannedUnit, _ field: Field, on node: Int, _ devices: [String]
    ) throws(FileError) -> [String] {
        let field = try field.field("devices")
        for device in unit.devices where unit.node != node || !devices.indices.contains(device) {
            throw field.error(
                "is device \(device) of node \(unit.node), and this machine has \(devices.count) devices "
                    + "(\(devices.joined(separator: ", ")))")
        }
        return unit.devices.map { devices[$0] }
    }
}

extension ModelConfiguration {
    /// A planned model, whose file may be known by its path or by its name.
    fileprivate init(
        _ planned: PlannedModel, _ field: Field, file: (String) throws -> String
    ) throws(FileError) {
        let path: String
        do {
            path = try (try? file(planned.model)) ?? file(planned.name)
        } catch { throw try field.field("model").error("\(error)") }
        self.init(name: planned.name, path: path)
        rate = planned.rate
        shares = [planned.shares.prefill.tenths, planned.shares.decode.tenths]
        maxSequences = min(planned.maxSequences, maxSequences)
    }
}
