extension Family {
    /// Qwen 2 and 2.5, and what was distilled into them. Biases are used wherever a file has them.
    static let qwen2 = Family("qwen2") { file throws(ModelError) in try file.llama(.halves) }

    /// Queries and keys of each head are normalised. Source: Yang et al. 2025.
    static let qwen3 = Family("qwen3") { file throws(ModelError) in
        var network = try file.llama(.halves)
        network.change { $0.attention.norms = .eachHead }
        return network
    }
}
