package import Quantities

/// The shape of a small random Llama network, written as a model file for tests and benchmarks.
///
/// The same shape and seed give the same bytes on every machine. The network says nothing, but its activations stay in
/// range, so that kernels, caches and schedulers can be exercised with any head size, head grouping and weight type.
package struct TinyLlama: Hashable, Sendable {
    package var name = "tiny-llama"
    package var layers = 2
    package var embeddingLength = 64
    package var heads = 2
    /// Heads of keys and values; divides `heads`.
    package var keyValueHeads = 1
    /// 32, 64, 80 or 128.
    package var headSize = 32
    package var feedForwardLength = 128
    /// At least 259.
    package var vocabularySize = 288
    package var contextLength = 512
    /// Whether the embedding matrix is the output matrix too.
    package var isTied = true
    /// The type of all matrices, one of `TensorType.encodable`. Quantised types need rows (embedding, feed-forward,
    /// heads x head size) of whole blocks.
    package var type = TensorType.f32
    package var ropeFrequencyBase: Float = 10_000
    package var seed: UInt64 = 1
    /// Whether the rows of all matrices are pieces of a million numbers, so that a model of billions is written as fast
    /// as a disk takes it.
    package var repeatsNumbers = false

    package init() {}

    /// A model of the sizes of `shape`, in a context that servers commonly give such a model.
    package init(_ shape: LlamaShape) {
        (layers, embeddingLength, feedForwardLength) = (shape.layers, shape.embedding, shape.feedForward)
        (heads, keyValueHeads, headSize) = (shape.heads, shape.kvHeads, shape.headSize)
        (vocabularySize, isTied, ropeFrequencyBase) = (shape.vocabulary, shape.isTied, shape.ropeFrequencyBase)
        contextLength = 8192
    }

    /// Writes the model file.
    ///
    /// - Parameter tokenizer: Metadata of a file whose tokenizer and chat template the model gets; its vocabulary must
    ///   be as large as the model's. By default the model has a byte-level vocabulary of its own.
    /// - Throws: `GGUFError` with code `invalidLayout` for a shape that no Llama can have or a vocabulary of another
    ///   size, `raggedRow`, `io`, or `missingKey` for metadata without a vocabulary.
    /// - Complexity: O(weights), one matrix in memory.
    package func write(to path: String, tokenizer: GGUFMetadata? = nil) throws(GGUFError) {
        try check(path)
        try RandomTensors(seed: seed, repeatsNumbers: repeatsNumbers).write(
            try tensors(), try metadata(tokenizer, path), to: path)
    }

    private func check(_ path: String) throws(GGUFError) {
        let sizes = [
            layers, embeddingLength, heads, keyValueHeads, headSize, feedForwardLength, vocabularySize, contextLength,
        ]
        let fault: String? =
            if !sizes.allSatisfy({ 1...1 << 24 ~= $0 }) {
                "a size is not between 1 and 2^24"
            } else if heads % keyValueHeads != 0 {
                "\(heads) heads do not share \(keyValueHeads) key-value heads evenly"
            } else if !PageLayout.headSizes.contains(headSize) {
                "the head size \(headSize) is not one of \(PageLayout.headSizes)"
            } else if vocabularySize < TinyVocabulary.minimumSize {
                "the vocabulary has \(vocabularySize) tokens, fewer than \(TinyVocabulary.minimumSize)"
            } else {
                nil
            }
        if let fault { throw GGUFError(.invalidLayout, .file, fault, in: path) }
    }
}
