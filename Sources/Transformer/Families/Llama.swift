import Foundation
import Kernels

extension Family {
    /// Llama, Mistral to 2024, Yi, SmolLM 1 and 2, TinyLlama and many others. Source: Touvron et al. 2023.
    static let llama = Family("llama") { file throws(ModelError) in
        // Everyone runs Mistral 7B v0.1 without its window.
        file.ignore("attention.sliding_window")
        file.ignore("attention.scale")
        var network = try file.llama(.neighbours)
        if let mixture = try file.mixture(widthKey: "feed_forward_length") {
            network.change { $0.feedForward = .mixture(mixture) }
        }
        return network
    }

    /// Without positions in every fourth layer. Source: Bakouch et al. 2025.
    static let smollm3 = Family("smollm3") { file throws(ModelError) in
        var network = try file.llama(.neighbours)
        for index in network.blocks.indices where (index + 1) % 4 == 0 {
            network.blocks[index].attention?.rope = nil
        }
        return network
    }

    /// Ministral 3, Devstral 2: attention has a temperature. Source: Mistral AI 2025.
    static let mistral3 = Family("mistral3") { file throws(ModelError) in
        var network = try file.llama(.neighbours)
        guard var rope = network.heads?.rope else { return network }
        if case .yarn(var yarn) = rope.scaling {
            yarn.fast = try file.positiveIfPresent("rope.scaling.yarn_beta_fast") ?? yarn.fast
            yarn.slow = try file.positiveIfPresent("rope.scaling.yarn_beta_slow") ?? yarn.slow
            rope.scaling = .yarn(yarn)
            if let multiplier = try file.positiveIfPresent("rope.scaling.yarn_log_multiplier") {
                rope.magnitude /= Rope.yarnMagnitude(yarn.factor, multiplier: multiplier)
            }
        }
        if let scale = try file.positiveIfPresent("attention.temperature_scale") {
            rope.temperature = .init(scale: scale, length: try file.originalContext())
        }
        network.setRope(rope)
        return network
    }

    /// Four multipliers. Source: IBM 2024.
    static let granite = Family("granite") { file throws(ModelError) in try file.granite() }

    static let graniteMoE = Family("granitemoe") { file throws(ModelError) in try file.granite() }

    /// Granite 4: layers without KV heads are Mamba 2. Source: IBM 2025.
    static let graniteHybrid = Family("granitehybrid") { file throws(ModelError) in
        try file.granite(recurrent: try file.recurrent(.scan, sharing: .groups))
    }
}

extension FamilyFile {
    fileprivate func granite(recurrent: RecurrentLayer? = nil) throws(ModelError) -> Network {
        var network = try llama(.neighbours, recurrent: recurrent)
        network.embeddingScale = try positiveIfPresent("embedding_scale") ?? 1
        network.output.scale = 1 / (try positiveIfPresent("logit_scale") ?? 1)
        let scale = try positiveIfPresent("attention.scale")
        let residualScale = try positiveIfPresent("residual_scale") ?? 1
        let turns = try boolIfPresent("rope.scaling.finetuned")
        network.change {
            if let scale { $0.attention?.scale = scale }
            $0.residualScale = residualScale
            if turns == false { $0.attention?.rope = nil }
        }
        guard var mixture = try mixture(widthKey: "feed_forward_length") else { return network }
        let width = try sharedWidth()
        if width > 0 { mixture.shared = .init(width: width, isGated: false) }
        network.change { $0.feedForward = .mixture(mixture) }
        return network
    }
}

extension FamilyFile {
    /// Llama's network, as the file's sizes have it: what every family starts with.
    ///
    /// - Parameters:
    ///   - norm: RMS or layer norms; the key of their epsilon follows from it.
    ///   - recurrent: what layers without KV heads are; `nil` where there are none.
    func llama(
        _ pairs: Rope.Pairs, norm: Normalisation.Kind = .rms, recurrent: RecurrentLayer? = nil
    ) throws(ModelError) -> Network {
        let layers = try layers()
        let embedding = try integer("embedding_length", in: 4...(1 << 17))
        let context = try contextLength()
        guard let heads = try perLayer("attention.head_count", layers: layers, in: 1...1024) else {
            throw missing("attention.head_count")
        }
        let kvHeads =
            try perLayer("attention.head_count_kv", layers: layers, in: (recurrent == nil ? 1 : 0)...1024) ?? heads
        guard let widths = try perLayer("feed_forward_length", layers: layers, in: 1...(1 << 20)) else {
            throw missing("feed_forward_length")
        }
        let headSize = try headSize(default: embedding / heads[0])
        let rope = try rope(pairs, headSize: headSize, contextLength: context)
        let key = "attention.layer_norm\(norm == .rms ? "_rms" : "")_epsilon"
        guard let epsilon = try positiveIfPresent(key), epsilon < 1 else {
            throw .unsupported(model: name, reason: "\(architecture).\(key) is missing or no small number")
        }
        let blocks = (0..<layers).map { layer in
            let attention = AttentionLayer(
                heads: heads[layer], kvHeads: kvHeads[layer], headSize: headSize,
                scale: 1 / Float(headSize).squareRoot(), rope: rope)
            let isRecurrent = kvHeads[layer] == 0
            return Block(
                mixer: recurrent.flatMap { isRecurrent ? .recurrent($0) : nil } ?? .attention(attention),
                feedForward: .gated(.silu, width: widths[layer]))
        }
        return Network(
            name: name, architecture: architecture, vocabularySize: shape(of: "token_embd.weight")?.last ?? 0,
            embeddingLength: embedding, contextLength: context, norm: .init(kind: norm, epsilon: epsilon),
            blocks: blocks, output: .init(isTied: shape(of: "output.weight") == nil))
    }

    /// The experts of all layers; `nil` where the file has none.
    /// - Parameters:
    ///   - widthKey: of the numbers between an expert's products.
    ///   - width: where the file has no such key.
    func mixture(widthKey: String = "expert_feed_forward_length", width: Int? = nil) throws(ModelError) -> Mixture? {
        let experts = try integerIfPresent("expert_count", in: 0...ExpertRouting.mostExperts)
        guard let experts, experts > 0 else { return nil }
        let used = try integer("expert_used_count", in: 1...min(experts, ExpertRouting.mostUsed))
        let given = try integerIfPresent(widthKey, in: 0...(1 << 20))
        guard let width = given.flatMap({ $0 > 0 ? $0 : nil }) ?? width.map({ $0 / used }) else {
            throw missing(widthKey)
        }
        try require(width % 4 == 0, "experts of \(width), no multiple of 4")
        return Mixture(experts: experts, used: used, width: width)
    }

    /// Numbers between the products of the expert that all rows have, 0 where there is none.
    func sharedWidth() throws(ModelError) -> Int {
        let width = try integerIfPresent("expert_shared_feed_forward_length", in: 0...(1 << 20)) ?? 0
        try require(width % 4 == 0, "a shared expert of \(width), no multiple of 4")
        return width
    }

    private func missing(_ key: String) -> ModelError {
        .unsupported(model: name, reason: "the file has no \(architecture).\(key)")
    }

    /// Without those that predict further tokens, which nothing here asks for.
    private func layers() throws(ModelError) -> Int {
        let all = try integer("block_count", in: 1...Self.maxLayers)
        return all - (try integerIfPresent("nextn_predict_layers", in: 0...(all - 1)) ?? 0)
    }

    private func contextLength() throws(ModelError) -> Int {
        try integer("context_length", in: 1...(1 << 24))
    }

    /// Tokens that the network was trained for before its positions were scaled.
    func originalContext() throws(ModelError) -> Int {
        let original = try integerIfPresent("rope.scaling.original_context_length", in: 0...(1 << 24))
        guard let original, original > 0 else { return try contextLength() }
        return original
    }

    /// - Parameter suffix: of keys that are those of some layers only.
    private func headSize(default size: Int, _ suffix: String = "") throws(ModelError) -> Int {
        let keys = try integerIfPresent("attention.key_length\(suffix)", in: 1...1024)
        let values = try integerIfPresent("attention.value_length\(suffix)", in: 1...1024)
        let size = keys ?? size
        try require(values ?? size == size, "keys of \(size) but values of \(values ?? size) elements")
        return size
    }

    /// Lets the layers that are so marked attend to a window, with rotations of their own where they have, and with
    /// heads of another size where the file says so.
    func setWindows(
        _ mask: AttentionMask?, _ isWindowed: [Bool], of network: inout Network, rope: (Rope?) -> Rope? = { $0 }
    ) throws(ModelError) {
        for (index, isWindowed) in isWindowed.enumerated() where isWindowed {
            guard var heads = network.blocks[index].attention else { continue }
            let size = try headSize(default: heads.headSize, "_swa")
            heads.scale *= (Float(heads.headSize) / Float(size)).squareRoot()
            (heads.mask, heads.headSize) = (mask ?? .causal, size)
            heads.rope = rope(heads.rope)
            if let rotated = try integerIfPresent("rope.dimension_count_swa", in: 0...1024) {
                heads.rope?.rotated = rotated
            }
            network.blocks[index].attention = heads
        }
    }

    /// Rotations as a file's keys and tensors have them; families differ in pairs and exceptions.
    private func rope(_ pairs: Rope.Pairs, headSize: Int, contextLength: Int) throws(ModelError) -> Rope? {
        let rotated = try integerIfPresent("rope.dimension_count", in: 0...1024) ?? headSize
        guard rotated > 0 else { return nil }
        let base = try positiveIfPresent("rope.freq_base") ?? 10_000
        var rope = Rope(base: base, rotated: rotated, pairs: pairs)
        rope.magnitude = try positiveIfPresent("rope.scaling.attn_factor") ?? 1
        let older = try positiveIfPresent("rope.scale_linear")
        let factor = try positiveIfPresent("rope.scaling.factor") ?? older ?? 1
        if shape(of: "rope_freqs.weight") != nil { rope.divisors = .given }
        let type = try stringIfPresent("rope.scaling.type")
        let hasLongFactors = shape(of: "rope_factors_long.weight") != nil
        switch type ?? "linear" {
        case "none": break
        case "linear": rope.scaling = .linear(factor)
        case "yarn":
            rope.scaling = .yarn(.init(factor: factor, originalContext: try originalContext()))
            rope.magnitude *= Rope.yarnMagnitude(factor, multiplier: 1)
        case "longrope": try require(hasLongFactors, "longrope without rope_factors_long.weight")
        case let other: throw .unsupported(model: name, reason: "rope scaling '\(other)' is not supported")
        }
        if hasLongFactors { rope.divisors = .beyond(context: try originalContext()) }
        return rope
    }
}

extension Rope {
    /// What YaRN multiplies sines and cosines with. Source: Peng et al. 2023, section 3.4.
    static func yarnMagnitude(_ factor: Float, multiplier: Float) -> Float {
        0.1 * multiplier * (factor > 1 ? log(factor) : 0) + 1
    }
}

extension Network {
    mutating func change(_ body: (inout Block) -> Void) {
        for index in blocks.indices { body(&blocks[index]) }
    }

    /// Turns all blocks by `rope`.
    mutating func setRope(_ rope: Rope) { change { $0.attention?.rope = rope } }
}
