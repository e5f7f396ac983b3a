import ConfigurationFiles
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

    /// A unit of a plan, with the pool that MuxServe's builder gives it.
    ///
    /// - Parameter memoryGB: Of each device.
    package init(_ unit: PlannedUnit, weightsGB: Double, memoryGB: Double = 80) {
        let count = Double(unit.models.count)
        devices = unit.devices.count
        maxSequences = PlannedModel.standardSequences
        overload = .overload
        // MuxServe's builder: a model's process takes 1.6 GB for its context and 6 GB for activations.
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
