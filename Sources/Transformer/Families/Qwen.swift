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
        network.change { $0.attention.norms = .eachHead }
        return network
    }

    static let qwen3MoE = Family("qwen3moe") { file throws(ModelError) in
        var network = try file.llama(.halves)
        let mixture = try file.mixture(width: network.blocks[0].feedForward.width)
        network.change {
            $0.attention.norms = .eachHead
            if let mixture { $0.feedForward = .mixture(mixture) }
        }
        return network
    }
}
