package import ConfigurationFiles
import Quantities
import Workloads

extension Plan {
    /// Reads a plan.
    ///
    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`; also where units share a device or a unit names a model twice.
    package init(yaml: String, file: String) throws(FileError) {
        try self.init(Field(yaml, file: file))
    }

    /// Reads a plan.
    ///
    /// - Throws: `FileError`; also where units share a device or a unit names a model twice.
    package init(_ root: Field) throws(FileError) {
        try root.allowOnly(["version", "units"])
        let version = try root.field("version")
        if try version.integer(1...Int.max) != Self.currentVersion {
            throw version.error("must be \(Self.currentVersion), the only version known")
        }
        var units: [PlannedUnit] = []
        var used: Set<[Int]> = []
        for field in try root.field("units").elements(eachWithOwn: "name") {
            let unit = try PlannedUnit(field)
            for device in unit.devices where !used.insert([unit.node, device]).inserted {
                throw try field.field("devices").error("device \(device) of node \(unit.node) is in two units")
            }
            units.append(unit)
        }
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
    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["name", "node", "devices", "models"])
        var devices: [Int] = []
        for device in try field.field("devices").elements() { devices.append(try device.integer(0...65_535)) }
        var models: [PlannedModel] = []
        for entry in try field.field("models").elements(eachWithOwn: "name") { models.append(try PlannedModel(entry)) }
        self.init(
            name: try field.field("name").name(), node: try field.optional("node")?.integer(0...65_535) ?? 0,
            devices: devices, models: models)
    }
}

extension PlannedModel {
    init(_ field: Field) throws(FileError) {
        try field.allowOnly([
            "name", "model", "rate", "prefill_share", "decode_share", "max_sequences", "estimated_throughput",
        ])
        let rate = try field.field("rate").number(WorkloadModel.rates)
        self.init(
            name: try field.field("name").name(), model: try field.field("model").text(), rate: rate,
            shares: PhaseShares(
                prefill: Share(percent: try field.optional("prefill_share")?.integer(1...100) ?? 100),
                decode: Share(percent: try field.optional("decode_share")?.integer(1...100) ?? 100)),
            maxSequences: try field.optional("max_sequences")?.integer(1...1_000_000)
                ?? PlannedModel.standardSequences,
            estimatedThroughput: try field.optional("estimated_throughput")?.number() ?? rate)
    }
}
