package import GGUF
import Kernels

/// The sizes of a Llama network, as its file states them.
package struct LlamaConfiguration: Sendable, Hashable {
    package var name: String
    package var layers: Int
    package var embeddingLength: Int
    package var feedForwardLength: Int
    package var heads: Int
    package var kvHeads: Int
    package var headSize: Int
    /// Leading elements of a head that are rotated.
    package var rotated: Int
    package var vocabularySize: Int
    /// The most tokens that the network was trained for.
    package var contextLength: Int
    package var epsilon: Float
    package var ropeBase: Float
    /// Positions are divided by this (linear scaling); 1 leaves them.
    package var ropeScale: Float

    /// The most layers that a file may claim. Chosen: eight times those of the largest known Llama, 126.
    private static let maxLayers = 1024

    /// - Throws: `ModelError` when the file is of another architecture, lacks a key, or its sizes do not fit together.
    package init(_ file: GGUFFile) throws(ModelError) {
        do {
            let metadata = file.metadata
            let architecture = try metadata.string("general.architecture")
            guard architecture == "llama" else { throw ModelError.unsupportedArchitecture(architecture) }
            name = try metadata.stringIfPresent("general.name") ?? "llama"
            layers = try metadata.integer("llama.block_count", in: 1...Self.maxLayers)
            embeddingLength = try metadata.integer("llama.embedding_length", in: 1...(1 << 17))
            feedForwardLength = try metadata.integer("llama.feed_forward_length", in: 1...(1 << 20))
            heads = try metadata.integer("llama.attention.head_count", in: 1...1024)
            kvHeads = try metadata.integerIfPresent("llama.attention.head_count_kv", in: 1...1024) ?? heads
            headSize =
                try metadata.integerIfPresent("llama.attention.key_length", in: 1...1024) ?? embeddingLength / heads
            rotated = try metadata.integerIfPresent("llama.rope.dimension_count", in: 1...1024) ?? headSize
            contextLength = try metadata.integer("llama.context_length", in: 1...(1 << 24))
            epsilon = try metadata.float("llama.attention.layer_norm_rms_epsilon")
            ropeBase = try metadata.floatIfPresent("llama.rope.freq_base") ?? 10_000
            ropeScale = try Self.ropeScale(metadata)
            vocabularySize = try file.tensor("token_embd.weight").shape.last ?? 0
        } catch let error as ModelError {
            throw error
        } catch {
            throw ModelError(error, model: "llama")
        }
        try check(file)
    }

    private static func ropeScale(_ metadata: GGUFMetadata) throws -> Float {
        switch try metadata.stringIfPresent("llama.rope.scaling.type") ?? "none" {
        case "none": return 1
        case "linear": return try metadata.floatIfPresent("llama.rope.scaling.factor") ?? 1
        case let other:
            throw ModelError.unsupported(model: "llama", reason: "rope scaling '\(other)' is not supported")
        }
    }

    private func check(_ file: GGUFFile) throws(ModelError) {
        func require(_ holds: Bool, _ reason: @autoclosure () -> String) throws(ModelError) {
            if !holds { throw .unsupported(model: name, reason: reason()) }
        }
        let sizes = AttentionShape.headSizes
        try require(
            sizes.contains(headSize),
            "head size \(headSize) is not one of \(sizes.map(String.init).joined(separator: ", "))")
        try require(heads % kvHeads == 0, "\(heads) heads cannot share \(kvHeads) KV heads evenly")
        try require(rotated <= headSize && rotated % 8 == 0, "\(rotated) rotated elements of \(headSize)")
        try require(embeddingLength % 4 == 0 && feedForwardLength % 4 == 0, "lengths that are no multiples of 4")
        try require(epsilon > 0 && epsilon < 1, "RMS epsilon \(epsilon)")
        try require(ropeBase.isFinite && ropeBase > 0 && ropeScale.isFinite && ropeScale > 0, "rope base or scale")
        let valueLength = (try? file.metadata.integerIfPresent("llama.attention.value_length")) ?? headSize
        try require(valueLength == headSize, "keys of \(headSize) but values of \(valueLength) elements")
        let experts = (try? file.metadata.integerIfPresent("llama.expert_count")) ?? 0
        try require(experts == 0, "mixtures of experts are not supported")
    }
}
