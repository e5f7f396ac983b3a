extension TinyLlama {
    /// All tensors in the order of the file. Shapes are (row length, rows): (inputs, outputs) of a matrix.
    func tensors() throws(GGUFError) -> [TensorLayout] {
        let queryLength = heads * headSize
        let keyLength = keyValueHeads * headSize
        var tensors = [try matrix("token_embd", embeddingLength, vocabularySize)]
        for layer in 0..<layers {
            let prefix = "blk.\(layer)."
            tensors += [
                try norm(prefix + "attn_norm"),
                try matrix(prefix + "attn_q", embeddingLength, queryLength),
                try matrix(prefix + "attn_k", embeddingLength, keyLength),
                try matrix(prefix + "attn_v", embeddingLength, keyLength),
                try matrix(prefix + "attn_output", queryLength, embeddingLength),
                try norm(prefix + "ffn_norm"),
                try matrix(prefix + "ffn_gate", embeddingLength, feedForwardLength),
                try matrix(prefix + "ffn_up", embeddingLength, feedForwardLength),
                try matrix(prefix + "ffn_down", feedForwardLength, embeddingLength),
            ]
        }
        tensors.append(try norm("output_norm"))
        if !isTied { tensors.append(try matrix("output", embeddingLength, vocabularySize)) }
        return tensors
    }

    func metadata(_ tokenizer: GGUFMetadata?, _ path: String) throws(GGUFError) -> GGUFMetadata {
        var metadata = GGUFMetadata()
        let family = "llama"
        metadata["general.architecture"] = .string(family)
        metadata["general.name"] = .string(name)
        metadata["general.file_type"] = .uint32(type.fileType)
        metadata["general.quantization_version"] = .uint32(2)
        metadata["\(family).block_count"] = .uint32(UInt32(layers))
        metadata["\(family).context_length"] = .uint32(UInt32(contextLength))
        metadata["\(family).embedding_length"] = .uint32(UInt32(embeddingLength))
        metadata["\(family).feed_forward_length"] = .uint32(UInt32(feedForwardLength))
        metadata["\(family).attention.head_count"] = .uint32(UInt32(heads))
        metadata["\(family).attention.head_count_kv"] = .uint32(UInt32(keyValueHeads))
        metadata["\(family).attention.layer_norm_rms_epsilon"] = .float32(1e-5)
        if heads * headSize != embeddingLength {
            metadata["\(family).attention.key_length"] = .uint32(UInt32(headSize))
            metadata["\(family).attention.value_length"] = .uint32(UInt32(headSize))
        }
        metadata["\(family).rope.dimension_count"] = .uint32(UInt32(headSize))
        metadata["\(family).rope.freq_base"] = .float32(ropeFrequencyBase)
        metadata["\(family).vocab_size"] = .uint32(UInt32(vocabularySize))
        if let tokenizer {
            let count = try tokenizer.strings("tokenizer.ggml.tokens").count
            guard count == vocabularySize else {
                let detail = "the tokenizer has \(count) tokens, the model \(vocabularySize)"
                throw GGUFError(.invalidLayout, .file, detail, in: path)
            }
            for key in tokenizer.keys where key.hasPrefix("tokenizer.") { metadata[key] = tokenizer[key] }
        } else {
            TinyVocabulary(size: vocabularySize).describe(in: &metadata)
        }
        return metadata
    }

    private func matrix(_ name: String, _ rowLength: Int, _ rows: Int) throws(GGUFError) -> TensorLayout {
        try TensorLayout(name: name + ".weight", shape: [rowLength, rows], type: type)
    }

    private func norm(_ name: String) throws(GGUFError) -> TensorLayout {
        try TensorLayout(name: name + ".weight", shape: [embeddingLength], type: .f32)
    }
}
