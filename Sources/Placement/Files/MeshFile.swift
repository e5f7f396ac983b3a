package import Quantities

/// One unit as MuxServe configures it: its mesh YAML.
package struct MeshFile: Hashable, Sendable {
    package var devices: Int
    package var maxSequences: Int
    /// The share by which jobs may exceed the device.
    package var overload: Share
    /// The part of each device's memory that the KV pool takes, 0...1.
    package var memoryUtilization: Double
    package var models: [Model]

    /// A model of the unit.
    package struct Model: Hashable, Sendable {
        package var name: String
        package var path: String
        /// The larger of the file's pair for prefills.
        package var shares: PhaseShares
        package var maxSequences: Int
    }

    /// - Parameter file: Named in errors.
    /// - Throws: `FileError`.
    package init(yaml: String, file: String) throws(FileError) {
        let root = try YAMLField(yaml, file: file)
        devices = try root.field("num_gpus").integer(1...1024)
        maxSequences = try root.optional("max_num_seqs")?.integer(1...1_000_000) ?? 256
        overload = Share(try root.optional("overload_threshold")?.integer(0...10) ?? Share.overload.tenths)
        let utilization = try root.field("gpu_memory_utilization")
        memoryUtilization = try utilization.positive()
        if memoryUtilization > 1 { throw utilization.error("is \(memoryUtilization), expected at most 1") }
        var models: [Model] = []
        for entry in try root.field("models").elements() {
            let model = try Model(yaml: entry, maxSequences: maxSequences, devices: devices)
            if models.contains(where: { $0.name == model.name }) {
                throw try entry.field("name").error("'\(model.name)' is given twice")
            }
            models.append(model)
        }
        if models.isEmpty { throw try root.field("models").error("names no model") }
        self.models = models
    }

    /// A unit of a plan, with the pool that MuxServe's builder gives it.
    ///
    /// - Parameter memoryGB: Of each device.
    package init(_ unit: PlannedUnit, weightsGB: Double, memoryGB: Double = 80) {
        let count = Double(unit.models.count)
        devices = unit.devices.count
        maxSequences = 256
        overload = .overload
        let pool = memoryGB - weightsGB / Double(unit.devices.count) - 1.6 * count - 6 * count
        memoryUtilization = max(0.01, pool / memoryGB)
        models = unit.models.map {
            Model(
                name: $0.name, path: $0.model, shares: $0.shares, maxSequences: $0.maxSequences)
        }
    }

    /// The file in MuxServe's form.
    package var yaml: String {
        let placement = (0..<devices).map(String.init).joined(separator: ", ")
        var lines = [
            "num_gpus: \(devices)", "max_num_seqs: \(maxSequences)", "overload_threshold: \(overload.tenths)",
            "gpu_memory_utilization: \(memoryUtilization)", "models:",
        ]
        for model in models {
            lines += [
                "- name: \(YAMLText.quoted(model.name))", "  model: \(YAMLText.quoted(model.path))",
                "  tensor_parallel_size: \(devices)", "  pipeline_parallel_size: 1", "  placement: [[\(placement)]]",
                "  mps_percentage: [\(model.shares.prefill.percent), \(model.shares.decode.percent)]",
                "  max_num_seqs: \(model.maxSequences)", "  model_dtype: fp16",
            ]
        }
        return lines.joined(separator: "\n") + "\nworkloads:\n  workload_file: null\n"
    }
}

extension MeshFile.Model {
    init(yaml field: YAMLField, maxSequences: Int, devices: Int) throws(FileError) {
        name = try field.field("name").string()
        path = try field.field("model").string()
        if let parallel = try field.optional("tensor_parallel_size"), try parallel.integer(1...1024) > devices {
            throw parallel.error("exceeds num_gpus, \(devices)")
        }
        let pair = try field.field("mps_percentage")
        var percents: [Int] = []
        for share in try pair.elements() { percents.append(try share.integer(1...100)) }
        guard let least = percents.min(), let most = percents.max(), percents.count == 2 else {
            throw pair.error("is not a pair of prefill and decode percentages")
        }
        shares = PhaseShares(prefill: Share(percent: most), decode: Share(percent: least))
        self.maxSequences = try field.optional("max_num_seqs")?.integer(1...1_000_000) ?? maxSequences
    }
}
