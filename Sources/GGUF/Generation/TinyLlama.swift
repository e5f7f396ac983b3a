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
        let tensors = try tensors()
        var writer = try GGUFWriter(path: path, metadata: metadata(tokenizer, path), tensors: tensors)
        var repeated: [Int: RepeatedNumbers] = [:]
        for (index, tensor) in tensors.enumerated() {
            // A generator for each tensor: matrices of one seed do not depend on those before them.
            var random = SplitMix64(seed: seed &* 0x2545_f491_4f6c_dd1d &+ UInt64(index))
            if repeatsNumbers, tensor.shape.count > 1 {
                let numbers = repeated[tensor.rowLength] ?? RepeatedNumbers(rowLength: tensor.rowLength, type, &random)
                repeated[tensor.rowLength] = numbers
                try numbers.write(tensor, to: &writer, &random)
                continue
            }
            let values = Self.weights(of: tensor, &random)
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            values.withUnsafeBufferPointer { values in
                bytes.withUnsafeMutableBytes { tensor.type.quantize(values, into: $0) }
            }
            try writer.write(bytes.span.bytes)
        }
        try writer.finish()
    }

    /// Uniform weights of variance 1 / fan-in, so that a layer's output is about as large as its input; norms near 1.
    private static func weights(of tensor: TensorLayout, _ random: inout SplitMix64) -> [Float] {
        let isNorm = tensor.shape.count == 1
        let center: Float = isNorm ? 1 : 0
        let width: Float = isNorm ? 0.1 : Self.width(ofRows: tensor.rowLength)
        return (0..<tensor.rowLength * tensor.rowCount).map { _ in center + random.signedUnit() * width }
    }

    /// The greatest weight of a matrix.
    static func width(ofRows length: Int) -> Float { (3 / Float(length)).squareRoot() }

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
