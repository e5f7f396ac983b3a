/// The sizes of a model whose layers are benchmarked.
struct ModelSizes {
    var name: String
    var embedding: Int
    var heads: Int
    var kvHeads: Int
    var headSize: Int
    var feedForward: Int
    var vocabulary: Int
    var layers: Int

    static let smolLM2 = ModelSizes(
        name: "SmolLM2-135M", embedding: 576, heads: 9, kvHeads: 3, headSize: 64, feedForward: 1536,
        vocabulary: 49152, layers: 30)
    static let llama7B = ModelSizes(
        name: "Llama-7B", embedding: 4096, heads: 32, kvHeads: 32, headSize: 128, feedForward: 11008,
        vocabulary: 32000, layers: 32)

    /// Queries, keys and values of a row, in numbers.
    var qkvWidth: Int { (heads + 2 * kvHeads) * headSize }
}
