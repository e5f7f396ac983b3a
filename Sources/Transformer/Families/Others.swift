import Kernels

extension Family {
    /// Phi 3, 3.5 and 4. Source: Abdin et al. 2024. Its window is not heeded, as by everyone.
    static let phi3 = Family("phi3") { file throws(ModelError) in
        file.ignore("attention.sliding_window")
        return try file.llama(.halves)
    }

    /// OLMo 2 and 3: norms behind alone, and queries and keys normalised over whole rows. In OLMo 3 layers with a
    /// window are turned without YaRN. Source: OLMo Team 2024.
    static let olmo2 = Family("olmo2") { file throws(ModelError) in
        var network = try file.llama(.halves)
        network.change {
            ($0.hasNormsBefore, $0.hasNormsAfter) = (false, true)
            $0.attention?.norms = .wholeRow
        }
        guard let window = try file.window() else { return network }
        try file.setWindows(window, try file.windowed(layers: network.blocks.count, period: 4), of: &network) {
            $0.map { Rope(base: $0.base, rotated: $0.rotated, pairs: $0.pairs) }
        }
        return network
    }

    /// Norms on both sides, heads that turn in part. Source: GLM-4 2024.
    static let glm4 = Family("glm4") { file throws(ModelError) in
        var network = try file.llama(.neighbours)
        network.change { $0.hasNormsAfter = true }
        return network
    }

    /// gpt-oss: sinks, every second layer with a window, experts of its own activation, YaRN in all layers. Source:
    /// OpenAI 2025.
    static let gptOSS = Family("gpt-oss", tensorNames: [.feedForwardNorm: "post_attention_norm"]) {
        file throws(ModelError) in
        var network = try file.llama(.halves)
        var mixture = try file.mixture()
        mixture?.activation = .clampedSilu
        network.change {
            $0.attention?.hasSinks = true
            if let mixture { $0.feedForward = .mixture(mixture) }
        }
        try file.setWindows(
            try file.window(), try file.windowed(layers: network.blocks.count, period: 2), of: &network)
        return network
    }

    /// LFM2: layers without KV heads are short convolutions. Source: Liquid AI 2025.
    static let lfm2 = Family("lfm2", tensorNames: [.outputNorm: "token_embd_norm"]) { file throws(ModelError) in
        let taps = try file.integer("shortconv.l_cache", in: CausalConvolution.Shape.tapRange)
        let width = try file.integer("embedding_length", in: 4...(1 << 17))
        var network = try file.llama(
            .halves, recurrent: RecurrentLayer(.init(channels: width, taps: taps, form: .gated)))
        network.change { $0.attention?.norms = .eachHead }
        try file.setWindows(try file.window(), network.blocks.map { _ in true }, of: &network)
        return network
    }

    /// Command R7B, Aya: attention and feed-forward side by side behind one layer norm; positions only in layers with a
    /// window. Source: Cohere 2024.
    static let cohere2 = Family("cohere2") { file throws(ModelError) in
        var network = try file.llama(.neighbours, norm: .layer)
        network.output.scale = try file.positiveIfPresent("logit_scale") ?? 1
        let windowed = try file.windowed(layers: network.blocks.count, period: 4)
        network.change { $0.isParallel = true }
        try file.setWindows(try file.window(), windowed, of: &network)
        for (index, isWindowed) in windowed.enumerated() where !isWindowed {
            network.blocks[index].attention?.rope = nil
        }
        return network
    }
}
