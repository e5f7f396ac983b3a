import Kernels

extension Family {
    /// Qwen 2 and 2.5, and what was distilled into them. Biases are used wherever a file has them.
    static let qwen2 = Family("qwen2") { file throws(ModelError) in try file.llama(.halves) }

    /// Experts whose weights do not add up to one, and one that all rows have. Source: Qwen Team 2024.
    static let qwen2MoE = Family("qwen2moe") { file throws(ModelError) in
        var network = try file.llama(.halves)
        guard var mixture = try file.mixture() else { return network }
        mixture.isNormalised = false
        let width = try file.sharedWidth()
        mixture.shared = .init(width: width > 0 ? width : network.blocks[0].feedForward.width, isGated: true)
        network.change { $0.feedForward = .mixture(mixture) }
        return network
    }

    /// Queries and keys of each head are normalised. Source: Yang et al. 2025.
    static let qwen3 = Family("qwen3") { file throws(ModelError) in
        var network = try file.llama(.halves)
        network.change { $0.attention?.norms = .eachHead }
        return network
    }

    /// Qwen 3.5 and 3.6: three of four layers are gated delta nets, the others have gated attention. Source: Qwen Team
    /// 2026.
    static let qwen35 = Family("qwen35", tensorNames: Self.qwen35Names) { file throws(ModelError) in
        try file.qwen35()
    }

    static let qwen35MoE = Family("qwen35moe", tensorNames: Self.qwen35Names) { file throws(ModelError) in
        var network = try file.qwen35()
        guard var mixture = try file.mixture() else { return network }
        let width = try file.sharedWidth()
        if width > 0 { mixture.shared = .init(width: width, isGated: true) }
        network.change { $0.feedForward = .mixture(mixture) }
        return network
    }

    private static let qwen35Names: [TensorName: String] = [.feedForwardNorm: "post_attention_norm"]

    static let qwen3MoE = Family("qwen3moe") { file throws(ModelError) in
        var network = try file.llama(.halves)
        let mixture = try file.mixture(width: network.blocks[0].feedForward.width)
        network.change {
            $0.attention?.norms = .eachHead
            if let mixture { $0.feedForward = .mixture(mixture) }
        }
        return network
    }
}

extension FamilyFile {
    fileprivate func qwen35() throws(ModelError) -> Network {
        var network = try llama(.halves)
        let sections = try integersIfPresent("rope.dimension_sections", count: 4) ?? []
        let isCut = sections.isEmpty || sections.contains { $0 > 0 }
        try require(sections.allSatisfy { 0...1024 ~= $0 } && isCut, "rope.dimension_sections are \(sections)")
        network.change { $0.attention?.rope?.sections = sections }
        let layers = network.blocks.count
        let interval = try integerIfPresent("full_attention_interval", in: 1...Self.maxLayers) ?? 4
        let given = try flags("attention.recurrent_layers", layers: layers)
        let recurrent = try recurrent(.delta, sharing: .modulo, epsilon: network.norm.epsilon)
        for layer in 0..<layers {
            if given?[layer] ?? ((layer + 1) % interval != 0) {
                network.blocks[layer].mixer = .recurrent(recurrent)
            } else {
                network.blocks[layer].attention?.norms = .eachHead
                network.blocks[layer].attention?.isGated = true
            }
        }
        return network
    }
}
