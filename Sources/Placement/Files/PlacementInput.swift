package import ConfigurationFiles

/// A cluster and the models to place on it, as MuxServe's placement reads them:
/// `cluster: {nnodes, ngpus_per_node}`, `models: [{name, model, rate}]`, `avg_prompt_len`, `avg_output_len`.
///
/// Beyond that a model may have its own `prompt_len` and `output_len` and, where it is not a LLaMA of 7, 13, 30 or 65
/// billion parameters, a `profile`; a cluster may list `nodes: [{devices, memory_gb, speed}]` of different kinds; and
/// rates and lengths may be given as `WorkloadFile` says.
package struct PlacementInput: Hashable, Sendable {
    /// Absent where the file names none; the command line then must.
    package var cluster: Cluster?
    package var demands: [ModelDemand]

    package init(cluster: Cluster?, demands: [ModelDemand]) {
        self.cluster = cluster
        self.demands = demands
    }

    /// - Parameters:
    ///   - file: Named in errors.
    /// - Throws: `FileError`.
    package init(yaml: String, file: String) throws(FileError) {
        let root = try Field(yaml, file: file)
        try root.allowOnly(WorkloadFile.fields)
        cluster = try root.optional("cluster").map(Cluster.init)
        var demands: [ModelDemand] = []
        for load in try ModelLoad.list(root) { demands.append(try ModelDemand(load)) }
        self.demands = demands
    }

    /// The input in the same form.
    package var yaml: String {
        var lines: [String] = []
        if let cluster {
            lines.append("cluster:")
            lines.append("  nodes:")
            for node in cluster.nodes {
                lines.append(
                    "  - {devices: \(node.devices), memory_gb: \(node.memoryBytes / 1e9), speed: \(node.speed)}")
            }
        }
        lines.append("models:")
        for demand in demands {
            lines.append("- name: \(YAMLText.quoted(demand.name))")
            lines.append("  model: \(YAMLText.quoted(demand.path))")
            lines.append("  rate: \(demand.rate)")
            lines.append("  prompt_len: \(demand.meanPromptTokens)")
            lines.append("  output_len: \(demand.meanOutputTokens)")
            if ModelProfile.llama(ofPath: demand.path) != demand.profile { lines += demand.profile.yamlLines }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Cluster {
    /// Of a device's memory.
    private static let gigabytes = 1e-3...1e6

    /// Reads a cluster from a file of its own.
    ///
    /// - Throws: `FileError`.
    package init(yaml: String, file: String) throws(FileError) {
        let root = try Field(yaml, file: file)
        let cluster = try root.optional("cluster")
        if cluster != nil { try root.allowOnly(["cluster"]) }
        try self.init(cluster ?? root)
    }

    init(_ field: Field) throws(FileError) {
        try field.allowOnly(["nodes", "nnodes", "ngpus_per_node", "memory_gb"])
        if let list = try field.optional("nodes") {
            var nodes: [Node] = []
            for entry in try list.elements() {
                try entry.allowOnly(["devices", "memory_gb", "speed"])
                nodes.append(
                    Node(
                        devices: try entry.field("devices").integer(1...1024),
                        memoryBytes: try (entry.optional("memory_gb")?.number(Self.gigabytes) ?? 80) * 1e9,
                        speed: try entry.optional("speed")?.number(1e-6...1e6) ?? 1))
            }
            for key in ["nnodes", "ngpus_per_node", "memory_gb"] {
                if let other = try field.optional(key) { throw other.error("contradicts nodes") }
            }
            self.init(nodes: nodes)
        } else {
            self.init(
                nodes: try field.field("nnodes").integer(1...10_000),
                devicesPerNode: try field.field("ngpus_per_node").integer(1...1024),
                memoryBytes: try (field.optional("memory_gb")?.number(Self.gigabytes) ?? 80) * 1e9)
        }
    }
}

extension ModelDemand {
    init(_ load: ModelLoad) throws(FileError) {
        let field = load.field
        let path = try field.field("model")
        let profile: ModelProfile
        if let own = try field.optional("profile") {
            profile = try ModelProfile(own)
        } else if let known = ModelProfile.llama(ofPath: try path.text()) {
            profile = known
        } else {
            throw path.error("'\(try path.text())' ends with no known size (-7b, -13b, -30b, -65b); give a profile")
        }
        self.init(
            name: load.name, path: try path.text(), profile: profile, rate: load.rate,
            meanPromptTokens: load.prompts.mean, meanOutputTokens: load.outputs.mean)
    }
}

extension ModelProfile {
    init(_ field: Field) throws(FileError) {
        try field.allowOnly([
            "cost_name", "parameters", "layers", "hidden_size", "heads", "kv_heads", "head_size", "weight_bytes",
            "kv_element_bytes", "experts",
        ])
        let heads = try field.field("heads").integer(1...65_536)
        let hidden = try field.field("hidden_size").integer(1...1_048_576)
        self.init(
            costName: try field.field("cost_name").text(), parameters: try field.field("parameters").number(),
            layers: try field.field("layers").integer(1...65_536), hiddenSize: hidden, heads: heads,
            kvHeads: try field.optional("kv_heads")?.integer(1...65_536) ?? heads,
            headSize: try field.optional("head_size")?.integer(1...65_536) ?? max(1, hidden / heads),
            weightBytes: try field.optional("weight_bytes")?.number(),
            kvElementBytes: try field.optional("kv_element_bytes")?.number(0.1...64) ?? 2)
        experts = try field.optional("experts").map { field throws(FileError) in try Experts(field, of: parameters) }
    }

    var yamlLines: [String] {
        [
            "  profile:", "    cost_name: \(YAMLText.quoted(costName))", "    parameters: \(parameters)",
            "    layers: \(layers)", "    hidden_size: \(hiddenSize)", "    heads: \(heads)",
            "    kv_heads: \(kvHeads)",
            "    head_size: \(headSize)", "    weight_bytes: \(weightBytes)", "    kv_element_bytes: \(kvElementBytes)",
        ]
            + (experts.map {
                ["    experts: {count: \($0.count), used: \($0.used), parameters: \($0.parameters)}"]
            } ?? [])
    }
}

extension ModelProfile.Experts {
    /// - Parameter parameters: the whole model's.
    fileprivate init(_ field: Field, of parameters: Double) throws(FileError) {
        try field.allowOnly(["count", "used", "parameters"])
        let count = try field.field("count").integer(1...65_536)
        self.init(
            count: count, used: try field.field("used").integer(1...count),
            parameters: try field.field("parameters").number(0...parameters))
    }
}
