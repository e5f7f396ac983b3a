/// The sizes of a well-known model, for measurements and generated models in its likeness.
///
/// Sources: the models' `config.json`.
package struct LlamaShape: Sendable, Hashable {
    package var name: String
    package var layers: Int
    package var embedding: Int
    package var heads: Int
    package var kvHeads: Int
    package var headSize: Int
    package var feedForward: Int
    package var vocabulary: Int
    /// Whether the embedding matrix is the output matrix too.
    package var isTied: Bool
    package var ropeFrequencyBase: Float

    package static let smolLM2 = LlamaShape(
        name: "SmolLM2-135M", layers: 30, embedding: 576, heads: 9, kvHeads: 3, headSize: 64, feedForward: 1536,
        vocabulary: 49_152, isTied: true, ropeFrequencyBase: 100_000)
    package static let llama1B = LlamaShape(
        name: "Llama-3.2-1B", layers: 16, embedding: 2048, heads: 32, kvHeads: 8, headSize: 64, feedForward: 8192,
        vocabulary: 128_256, isTied: true, ropeFrequencyBase: 500_000)
    package static let llama8B = LlamaShape(
        name: "Llama-3.1-8B", layers: 32, embedding: 4096, heads: 32, kvHeads: 8, headSize: 128, feedForward: 14_336,
        vocabulary: 128_256, isTied: false, ropeFrequencyBase: 500_000)

    package static let known = [smolLM2, llama1B, llama8B]

    /// The shape of that name, in upper or lower case.
    package init?(named name: String) {
        guard let shape = Self.known.first(where: { $0.name.lowercased() == name.lowercased() }) else { return nil }
        self = shape
    }

    private init(
        name: String, layers: Int, embedding: Int, heads: Int, kvHeads: Int, headSize: Int, feedForward: Int,
        vocabulary: Int, isTied: Bool, ropeFrequencyBase: Float
    ) {
        self.name = name
        self.layers = layers
        self.embedding = embedding
        self.heads = heads
        self.kvHeads = kvHeads
        self.headSize = headSize
        self.feedForward = feedForward
        self.vocabulary = vocabulary
        self.isTied = isTied
        self.ropeFrequencyBase = ropeFrequencyBase
    }

    /// Queries, keys and values of a row, in numbers.
    package var qkvWidth: Int { (heads + 2 * kvHeads) * headSize }
}
