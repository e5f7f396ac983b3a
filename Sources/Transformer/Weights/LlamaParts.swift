/// The weights of a Llama network, whatever each is: a place in a file, or a buffer on a device.
struct LlamaParts<Matrix: Sendable, Vector: Sendable>: Sendable {
    struct Layer: Sendable {
        var attentionNorm: Vector
        /// One product for all three of queries, keys and values, or three where their formats differ.
        var qkv: [Matrix]
        var output: Matrix
        var feedForwardNorm: Vector
        /// One matrix whose panels alternate between gate and up, or the two where their formats differ.
        var gateUp: [Matrix]
        var down: Matrix
    }

    var embedding: Matrix
    /// `nil` where the embedding serves as output matrix too.
    var output: Matrix?
    var outputNorm: Vector
    var layers: [Layer]

    /// The same network with each weight replaced, in the order in which they stand.
    func map<NewMatrix: Sendable, NewVector: Sendable, Failure>(
        matrix: (Matrix) throws(Failure) -> NewMatrix, vector: (Vector) throws(Failure) -> NewVector
    ) throws(Failure) -> LlamaParts<NewMatrix, NewVector> {
        let embedding = try matrix(embedding)
        let output: NewMatrix? = if let output { try matrix(output) } else { nil }
        let outputNorm = try vector(outputNorm)
        var layers: [LlamaParts<NewMatrix, NewVector>.Layer] = []
        for layer in self.layers {
            var (qkv, gateUp): ([NewMatrix], [NewMatrix]) = ([], [])
            let attentionNorm = try vector(layer.attentionNorm)
            for part in layer.qkv { qkv.append(try matrix(part)) }
            let output = try matrix(layer.output)
            let feedForwardNorm = try vector(layer.feedForwardNorm)
            for part in layer.gateUp { gateUp.append(try matrix(part)) }
            layers.append(
                .init(
                    attentionNorm: attentionNorm, qkv: qkv, output: output, feedForwardNorm: feedForwardNorm,
                    gateUp: gateUp, down: try matrix(layer.down)))
        }
        return .init(embedding: embedding, output: output, outputNorm: outputNorm, layers: layers)
    }
}
