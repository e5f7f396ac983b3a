import GGUF

/// The tensors of a Llama file, each checked to have the shape that the configuration implies.
struct LlamaTensors {
    struct Layer {
        var attentionNorm: GGUFTensor
        /// Queries, keys, values: one product computes all three.
        var qkv: [GGUFTensor]
        var output: GGUFTensor
        var feedForwardNorm: GGUFTensor
        var gate: GGUFTensor
        var up: GGUFTensor
        var down: GGUFTensor
    }

    var embedding: GGUFTensor
    var outputNorm: GGUFTensor
    /// `nil` where the embedding serves as output matrix too.
    var output: GGUFTensor?
    var ropeFactors: GGUFTensor?
    var layers: [Layer] = []

    init(_ file: GGUFFile, _ configuration: LlamaConfiguration) throws(ModelError) {
        let c = configuration
        let find = TensorFinder(file: file, model: c.name)
        embedding = try find("token_embd.weight", [c.embeddingLength, c.vocabularySize])
        outputNorm = try find("output_norm.weight", [c.embeddingLength])
        output = try find.optional("output.weight", [c.embeddingLength, c.vocabularySize])
        ropeFactors = try find.optional("rope_freqs.weight", [c.rotated / 2])
        for index in 0..<c.layers {
            let (q, kv) = (c.heads * c.headSize, c.kvHeads * c.headSize)
            let prefix = "blk.\(index)"
            try find.refuseBiases(prefix)
            layers.append(
                Layer(
                    attentionNorm: try find("\(prefix).attn_norm.weight", [c.embeddingLength]),
                    qkv: [
                        try find("\(prefix).attn_q.weight", [c.embeddingLength, q]),
                        try find("\(prefix).attn_k.weight", [c.embeddingLength, kv]),
                        try find("\(prefix).attn_v.weight", [c.embeddingLength, kv]),
                    ],
                    output: try find("\(prefix).attn_output.weight", [q, c.embeddingLength]),
                    feedForwardNorm: try find("\(prefix).ffn_norm.weight", [c.embeddingLength]),
                    gate: try find("\(prefix).ffn_gate.weight", [c.embeddingLength, c.feedForwardLength]),
                    up: try find("\(prefix).ffn_up.weight", [c.embeddingLength, c.feedForwardLength]),
                    down: try find("\(prefix).ffn_down.weight", [c.feedForwardLength, c.embeddingLength])))
        }
    }
}

/// Looks tensors up and refuses those of an unexpected shape.
private struct TensorFinder {
    let file: GGUFFile
    let model: String

    func callAsFunction(_ name: String, _ shape: [Int]) throws(ModelError) -> GGUFTensor {
        let tensor: GGUFTensor
        do throws(GGUFError) {
            tensor = try file.tensor(name)
        } catch {
            throw .file(error)
        }
        guard tensor.shape == shape else {
            throw .unsupported(model: model, reason: "\(name) is \(tensor.shape), not \(shape)")
        }
        return tensor
    }

    func optional(_ name: String, _ shape: [Int]) throws(ModelError) -> GGUFTensor? {
        file.tensorIfPresent(name) == nil ? nil : try self(name, shape)
    }

    /// Biases change the result; leaving them out would be silent garbage.
    func refuseBiases(_ prefix: String) throws(ModelError) {
        for name in ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"] {
            if file.tensorIfPresent("\(prefix).\(name).bias") != nil {
                throw .unsupported(model: model, reason: "\(prefix).\(name) has a bias, which is not supported")
            }
        }
    }
}
