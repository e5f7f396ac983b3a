import Compute
import KVCache
import Kernels
import Quantities

/// The dispatches of a Llama network, tied to their buffers once; a step only counts its rows.
struct ForwardPass: Sendable {
    private struct Layer: Sendable {
        var qkv: Products
        var output: Products
        var gateUp: [Products]
        var down: Products
    }

    private let embed: Embed
    private let layers: [Layer]
    private let ropeStore: RopeStore
    private let attention: Attention
    private let output: Products

    init(
        _ configuration: LlamaConfiguration, weights: LlamaWeights, kv: KVShape, inputs: StepInputs, pool: KVPool,
        maxRows: Int, logits: any Buffer, logitRows: Int, logitStride: Int, kernels: KernelSet
    ) throws(ComputeError) {
        let c = configuration
        let shape = AttentionShape(c, kv: kv)
        let pages = pool.pages[kernels.device]
        let scratch = try Scratch(c, shape, rows: maxRows, logitRows: logitRows, kernels)

        embed = try Embed(kernels, tokens: inputs.tokensBuffer, table: weights.parts.embedding, y: scratch.residual)
        ropeStore = try RopeStore(
            kernels, shape, qkv: scratch.qkv, rotations: weights.rotations, rows: inputs.rowBuffers, pool: pages)
        attention = try Attention(
            kernels, shape, AttentionScores(headSize: shape.headSize), qkv: scratch.qkv, rows: inputs.rowBuffers,
            pool: pages, y: scratch.mixed)
        // Two bytes for each number: what the logits' rows lose nothing behind makes up for. With one byte logits were
        // 1.06 times as far off as those of llama.cpp's CPU kernels, with floats 0.91 times.
        output = try Products(
            kernels,
            Products.Input(
                scratch.residual,
                norm: (
                    Normalisation(
                        weight: weights.parts.outputNorm, sources: inputs.logitRowsBuffer, epsilon: c.epsilon),
                    y: scratch.final
                ), bytes: scratch.finalBytes),
            depth: c.embeddingLength, [.init(weights.output, columns: c.vocabularySize)], y: logits,
            stride: logitStride)
        var layers: [Layer] = []
        for layer in weights.parts.layers {
            layers.append(try Self.bind(layer, c, shape, scratch, kernels))
        }
        self.layers = layers
    }

    private static func bind(
        _ layer: LlamaParts<DeviceWeights, any Buffer>.Layer, _ c: LlamaConfiguration, _ shape: AttentionShape,
        _ scratch: Scratch,
        _ kernels: KernelSet
    ) throws(ComputeError) -> Layer {
        let (q, kv) = (shape.heads * shape.headSize, shape.kvHeads * shape.headSize)
        let parts = layer.qkv.count == 1 ? [(0, shape.rowWidth)] : [(0, q), (q, kv), (q + kv, kv)]
        func products(
            of input: Products.Input, _ weights: DeviceWeights, _ columns: Int, into y: any Buffer,
            _ epilogue: MatMul.Epilogue
        ) throws(ComputeError) -> Products {
            try Products(
                kernels, input, depth: weights.shape.depth, [.init(weights, columns: columns)], y: y, stride: columns,
                epilogue: epilogue)
        }
        func normed(_ weight: any Buffer) -> Products.Input {
            .init(
                scratch.residual, norm: (Normalisation(weight: weight, epsilon: c.epsilon), y: scratch.normed),
                bytes: scratch.bytes)
        }
        func rows(_ x: any Buffer) -> Products.Input { .init(x, bytes: scratch.bytes) }
        let (d, f) = (c.embeddingLength, c.feedForwardLength)
        return Layer(
            qkv: try Products(
                kernels, normed(layer.attentionNorm), depth: d,
                zip(layer.qkv, parts).map { .init($0, offset: $1.0, columns: $1.1) }, y: scratch.qkv,
                stride: shape.rowWidth),
            output: try products(of: rows(scratch.mixed), layer.output, d, into: scratch.residual, .residual),
            gateUp: try zip(layer.gateUp, layer.gateUp.count == 1 ? [.swiglu] : [.none, .gated]).map {
                (weights, epilogue) throws(ComputeError) in
                try products(of: normed(layer.feedForwardNorm), weights, f, into: scratch.gated, epilogue)
            },
            down: try products(of: rows(scratch.gated), layer.down, d, into: scratch.residual, .residual))
    }

    /// The heights of tiles that batches choose among, ascending.
    var heights: [Int] {
        let products = [output] + layers.flatMap { [$0.qkv, $0.output, $0.down] + $0.gateUp }
        return Set(products.flatMap(\.heights)).sorted()
    }

    /// Eight dispatches a layer, ten where queries, keys and values differ in format, two more where gate and up do,
    /// and three around them; with products of whole numbers two more a layer.
    func encode(_ commands: any Commands, _ batch: Batch) {
        let (rows, logitRows) = (batch.rowCount, batch.logitRows.count)
        embed.encode(commands, rows: rows)
        for (index, layer) in layers.enumerated() {
            layer.qkv.encode(commands, rows: rows)
            ropeStore.encode(commands, rows: rows, layer: index)
            attention.encode(
                commands, rows: rows, pieces: batch.pieces, longest: batch.longest, layer: index)
            layer.output.encode(commands, rows: rows)
            for part in layer.gateUp { part.encode(commands, rows: rows) }
            layer.down.encode(commands, rows: rows)
        }
        guard logitRows > 0 else { return }
        output.encode(commands, rows: logitRows)
    }
}

/// Activations between the dispatches of a pass.
private struct Scratch {
    let residual: any Buffer  // [rows][embeddingLength]
    let normed: any Buffer  // [rows][embeddingLength]
    let qkv: any Buffer  // [rows][(heads + 2 * kvHeads) * headSize]
    let mixed: any Buffer  // [rows][heads * headSize]
    let gated: any Buffer  // [rows][feedForwardLength]
    let final: any Buffer  // [logitRows][embeddingLength]
    /// Rows of the products under way, where these are of whole numbers.
    let bytes: QuantisedRows?
    /// Those of the logits' product.
    let finalBytes: QuantisedRows?

    init(
        _ c: LlamaConfiguration, _ shape: AttentionShape, rows: Int, logitRows: Int, _ kernels: KernelSet
    ) throws(ComputeError) {
        func floats(_ count: Int, _ label: String) throws(ComputeError) -> any Buffer {
            try kernels.device.makeBuffer(byteCount: 4 * count, access: .device, label: label)
        }
        residual = try floats(rows * c.embeddingLength, "residual")
        normed = try floats(rows * c.embeddingLength, "normed")
        qkv = try floats(rows * shape.rowWidth, "qkv")
        mixed = try floats(rows * shape.heads * shape.headSize, "mixed")
        gated = try floats(rows * c.feedForwardLength, "gated")
        final = try floats(logitRows * c.embeddingLength, "final")
        bytes = try QuantisedRows(
            rows: rows,
            depth: max(c.embeddingLength, shape.heads * shape.headSize, c.feedForwardLength),
            for: kernels)
        finalBytes = try QuantisedRows(rows: logitRows, depth: c.embeddingLength, terms: 2, for: kernels)
    }
}

extension AttentionShape {
    fileprivate init(_ c: LlamaConfiguration, kv: KVShape) {
        self.init(heads: c.heads, kvHeads: c.kvHeads, rotated: c.rotated, layers: c.layers, page: kv.page)
    }
}
