package import GGUF

/// A model file of any family with random weights, for tests and benchmarks.
///
/// Metadata says what the network is, and the network which tensors it has: nothing here knows a family. The same
/// metadata and seed give the same bytes on every machine.
///
/// ```swift
/// var model = RandomModel(like: try GGUFFile(path: "gemma3.gguf"))
/// model.metadata["gemma3.block_count"] = .uint32(8)
/// try model.write(to: "longer.gguf")
/// ```
package struct RandomModel: Sendable {
    package var metadata: GGUFMetadata
    /// The shapes of tensors that files of the family may have or not, without their `blk.N.` where they belong to
    /// blocks; and that of the embedding, which says how many tokens there are.
    package var optional: [String: [Int]]
    /// Of all matrices whose rows are whole blocks of it.
    package var type = TensorType.f32
    package var numbers = RandomTensors()

    package init(_ metadata: GGUFMetadata, vocabularySize: Int) {
        self.metadata = metadata
        optional = ["token_embd.weight": [0, vocabularySize]]
    }

    /// Of the family and the sizes of `file`, with its tokenizer.
    package init(like file: GGUFFile) {
        metadata = file.metadata
        optional = Dictionary(
            file.tensors.map { (TensorFinder.withoutBlock($0.name), $0.shape) }, uniquingKeysWith: { $1 })
    }

    /// - Throws: `ModelError` where metadata says no network that there is a family for; `GGUFError` where the file
    ///   cannot be written.
    /// - Complexity: O(weights), one matrix in memory.
    package func write(to path: String) throws {
        try numbers.write(try tensors(), metadata, to: path) { Self.spread(of: $0) }
    }

    /// All tensors in the order of the file.
    package func tensors() throws -> [TensorLayout] {
        let network = try Network(metadata, shapes: optional)
        let found = try NetworkTensors(.wanted(optional), network)
        let matrices = Set(found.matrices.flatMap { $0.source.pieces.map(\.tensor.name) })
        return try found.finder.found.map { tensor throws(GGUFError) in
            // Routers decide, and are small: everyone keeps them as they are.
            let isQuantised =
                matrices.contains(tensor.name) && !tensor.name.contains("ffn_gate_inp")
                && tensor.shape[0] % type.blockSize == 0
            return isQuantised ? try TensorLayout(name: tensor.name, shape: tensor.shape, type: type) : tensor
        }
    }

    /// Numbers that keep activations in range: what a state forgets by is negative, what skips it is near one, and
    /// biases are small.
    private static func spread(of tensor: TensorLayout) -> RandomTensors.Spread {
        if tensor.name.hasSuffix("ssm_a") { return .init(center: -1, width: 0.5) }
        if tensor.name.hasSuffix("ssm_d") { return .init(center: 1, width: 0.1) }
        if tensor.name.hasSuffix(".bias") { return .init(center: 0, width: 0.1) }
        return .init(tensor)
    }
}
