import Quantities
import Workloads

extension Plan {
    /// Reads a plan.
    ///
    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`; also where units share a device or a unit names a model twice.
    package init(yaml: String, file: String) throws(FileError) {
        let root = try YAMLField(yaml, file: file)
        try root.allowOnly(["version", "units"])
        let version = try root.field("version")
        if try version.integer(1...Int.max) != Self.currentVersion {
            throw version.error("is not \(Self.currentVersion), the only version known")
        }
        var units: [PlannedUnit] = []
        var used: Set<[Int]> = []
        for field in try root.field("units").elements() {
            let unit = try PlannedUnit(yaml: field)
            if units.contains(where: { $0.name == unit.name }) {
                throw try field.field("name").error("'\(unit.name)' is given twice")
            }
            for device in unit.devices where !used.insert([unit.node, device]).inserted {
                throw try field.field("devices").error("device \(device) of node \(unit.node) is in two units")
            }
            units.append(unit)
        }
        if units.isEmpty { throw try root.field("units").error("names no unit") }
        self.init(units: units)
    }

    /// The plan as YAML.
    package var yaml: String {
        var lines = ["version: \(version)", "units:"]
        for unit in units {
            lines.append("- name: \(YAMLText.quoted(unit.name))")
            lines.append("  node: \(unit.node)")
            lines.append("  devices: [\(unit.devices.map(String.init).joined(separator: ", "))]")
            lines.append("  models:")
            for model in unit.models {
                lines.append("  - name: \(YAMLText.quoted(model.name))")
                lines.append("    model: \(YAMLText.quoted(model.model))")
                lines.append("    rate: \(model.rate)")
                lines.append("    prefill_share: \(model.shares.prefill.percent)")
                lines.append("    decode_share: \(model.shares.decode.percent)")
                lines.append("    max_sequences: \(model.maxSequences)")
                lines.append("    estimated_throughput: \(model.estimatedThroughput)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension PlannedUnit {
    init(yaml field: YAMLField) throws(FileError) {
        try field.allowOnly(["name", "node", "devices", "models"])
        var devices: [Int] = []
        for device in try field.field("devices").elements() { devices.append(try device.integer(0...65_535)) }
        if devices.isEmpty { throw try field.field("devices").error("names no device") }
        var models: [PlannedModel] = []
        for entry in try field.field("models").elements() {
            let model = try PlannedModel(yaml: entry)
            if models.contains(where: { $0.name == model.name }) {
                throw try entry.field("name").error("'\(model.name)' is given twice in its unit")
            }
            models.append(model)
        }
        if models.isEmpty { throw try field.field("models").error("names no model") }
        self.init(
            name: try field.field("name").string(), node: try field.optional("node")?.integer(0...65_535) ?? 0,
            devices: devices, models: models)
    }
}

extension PlannedModel {
    init(yaml field: YAMLField) throws(FileError) {
        try field.allowOnly([
            "name", "model", "rate", "prefill_share", "decode_share", "max_sequences", "estimated_throughput",
        ])
        let rate = try field.field("rate").positive(WorkloadModel.rates)
        self.init(
            name: try field.field("name").string(), model: try field.field("model").string(), rate: rate,
            shares: PhaseShares(
                prefill: Share(percent: try field.optional("prefill_share")?.integer(1...100) ?? 100),
                decode: Share(percent: try field.optional("decode_share")?.integer(1...100) ?? 100)),
            maxSequences: try field.optional("max_sequences")?.integer(1...1_000_000) ?? 256,
            estimatedThroughput: try field.positive(or: rate, "estimated_throughput"))
    }
}
