import Kernels

extension Family {
    private static let encoderNames: [TensorName: String] = [
        .postMixerNorm: "attn_output_norm", .postFeedForwardNorm: "layer_output_norm",
    ]

    /// BERT, and so MiniLM, BGE, E5 and rankers made of it: positions are rows that are added. Source: Devlin et al.
    /// 2018.
    static let bert = Family("bert", tensorNames: encoderNames) { file throws(ModelError) in
        var network = try file.encoder()
        network.added = .init(hasPositions: true, hasType: file.shape(of: "token_types.weight") != nil)
        network.change {
            $0.attention?.rope = nil
            $0.feedForward = .plain(.gelu, width: $0.feedForward.width)
        }
        return network
    }

    /// Positions turn queries and keys, and the feed-forward part is gated. Source: Nussbaum et al. 2024.
    static let nomicBERT = Family("nomic-bert", tensorNames: encoderNames) { file throws(ModelError) in
        var network = try file.encoder()
        if file.shape(of: "token_types.weight") != nil { network.added = .init(hasPositions: false, hasType: true) }
        return network
    }
}

extension FamilyFile {
    /// What BERT's relatives have in common: rows attend to the whole text, and each sum is normalised.
    fileprivate func encoder() throws(ModelError) -> Network {
        // Known by the family.
        ignore("attention.causal")
        var network = try llama(.halves, norm: .layer)
        network.hasEmbeddingNorm = true
        network.change {
            $0.attention?.mask = .whole
            ($0.hasNormsBefore, $0.normalisesSums) = (false, true)
        }
        return network
    }

    /// What becomes of texts that are read: `pooling_type`, and what stands behind it. `nil` for a model that goes on
    /// with texts; one that reads ahead cannot, and takes the mean where the file says nothing.
    ///
    /// The tensors of a ranker's head are those of llama.cpp: `cls` and `cls.output`, both or one of them.
    func pooling(readsAhead: Bool) throws(ModelError) -> Pooling? {
        let (none, mean, first, last) = (0, 1, 2, 3)
        let type = try integerIfPresent("pooling_type", in: none...4) ?? none
        if type == none, !readsAhead { return nil }
        switch type {
        case none, mean: return Pooling(rows: .mean, layers: layers(["dense_2", "dense_3"]))
        case first: return Pooling(rows: .first, layers: layers(["dense_2", "dense_3"]))
        case last: return Pooling(rows: .last, layers: layers(["dense_2", "dense_3"]))
        default: break
        }
        var layers = layers(["cls", "cls.output"])
        guard let width = layers.last?.width else {
            throw .unsupported(model: name, reason: "a model that ranks without cls.weight or cls.output.weight")
        }
        for index in layers.indices where layers[index].name == "cls" { layers[index].isBent = true }
        // Decoders have an output for yes and one for no.
        return Pooling(
            rows: readsAhead ? .first : .last, layers: layers, result: !readsAhead && width > 1 ? .share : .score)
    }

    /// Those that the file has.
    private func layers(_ names: [String]) -> [Pooling.Layer] {
        names.compactMap { name in
            guard let shape = shape(of: "\(name).weight"), shape.count <= 2 else { return nil }
            return Pooling.Layer(name: name, width: shape.count == 2 ? shape[1] : 1)
        }
    }
}
