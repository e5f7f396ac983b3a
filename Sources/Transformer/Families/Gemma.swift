import Kernels

extension Family {
    /// Norms on both sides, caps, and every second layer with a window. Source: Gemma Team 2024.
    static let gemma2 = Family("gemma2") { file throws(ModelError) in
        var network = try file.gemma(largest: 46)
        let cap = try file.positiveIfPresent("attn_logit_softcapping")
        network.change { $0.attention?.cap = cap }
        try file.setWindows(
            try file.window(), try file.windowed(layers: network.blocks.count, period: 2), of: &network)
        return network
    }

    /// Five of six layers have a window and turn faster; queries and keys are normalised. Source: Gemma Team 2025.
    static let gemma3 = Family("gemma3") { file throws(ModelError) in
        try file.gemma3 { .sliding(window: $0) }
    }

    /// Gemma 3 as an encoder: rows attend to tokens on both sides. Source: Vera et al. 2025.
    static let gemmaEmbedding = Family("gemma-embedding") { file throws(ModelError) in
        file.ignore("attention.causal")
        var network = try file.gemma3 { .symmetric(window: $0) }
        network.change { if $0.attention?.mask == .causal { $0.attention?.mask = .whole } }
        return network
    }
}

extension FamilyFile {
    /// - Parameter mask: that of layers with a window of so many tokens.
    fileprivate func gemma3(_ mask: (Int) -> AttentionMask) throws(ModelError) -> Network {
        var network = try gemma(largest: 62)
        network.change { $0.attention?.norms = .eachHead }
        let base = try positiveIfPresent("rope.freq_base_swa") ?? 10_000
        let windowed = try windowed(layers: network.blocks.count, period: 6)
        try setWindows(try window(mask), windowed, of: &network) {
            guard var rope = $0 else { return nil }
            (rope.base, rope.scaling) = (base, .linear(1))
            return rope
        }
        return network
    }

    /// What all Gemmas have. The norms' weights of files have their one added.
    ///
    /// - Parameter largest: layers of the model whose scores are scaled by what a row has for each head.
    fileprivate func gemma(largest: Int) throws(ModelError) -> Network {
        var network = try llama(.halves)
        let length = Float(network.embeddingLength)
        network.embeddingScale = length.squareRoot()
        network.output.cap = try positiveIfPresent("final_logit_softcapping")
        let isLargest = network.blocks.count == largest
        network.change {
            $0.hasNormsAfter = true
            $0.feedForward = .gated(.gelu, width: $0.feedForward.width)
            if isLargest, let heads = $0.attention?.heads {
                $0.attention?.scale = 1 / (length / Float(heads)).squareRoot()
            }
        }
        return network
    }
}
