import Compute
import KVCache
import Kernels
import Quantities

/// The dispatches of a Llama network, tied to their buffers once; a step only counts its rows.
struct ForwardPass: Sendable {
    private struct Layer: Sendable {
        var attentionNorm: RMSNorm
        var qkv: [MatMul]
        var output: MatMul
        var feedForwardNorm: RMSNorm
        var gateUp: MatMul
        var down: MatMul
    }

    private let embed: Embed
    private let layers: [Layer]
    private let ropeStore: RopeStore
    private let attention: Attention
    private let outputNorm: RMSNorm
    private let output: MatMul

    init(
        _ configuration: LlamaConfiguration, weights: LlamaWeights, kv: KVShape, inputs: StepInputs, pool: KVPool,
        maxRows: Int, logits: any Buffer, logitRows: Int, logitStride: Int, kernels: KernelSet
    ) throws(ComputeError) {
        let c = configuration
        let shape = AttentionShape(c, kv: kv)
        let pages = pool.pages[kernels.device]
        let scratch = try Scratch(c, shape, rows: maxRows, logitRows: logitRows, on: kernels.device)

        embed = try Embed(kernels, tokens: inputs.tokensBuffer, table: weights.parts.embedding, y: scratch.residual)
        ropeStore = try RopeStore(
            kernels, shape, qkv: scratch.qkv, rotations: weights.rotations, rows: inputs.rowBuffers, pool: pages)
        attention = try Attention(
            kernels, shape, qkv: scratch.qkv, rows: inputs.rowBuffers, pool: pages, y: scratch.mixed)
        outputNorm = try RMSNorm(
            kernels, x: scratch.residual, weight: weights.parts.outputNorm, sources: inputs.logitRowsBuffer,
            y: scratch.final, width: c.embeddingLength, epsilon: c.epsilon)
        output = try MatMul(
            kernels, x: scratch.final, weights: weights.output, y: logits, columns: c.vocabularySize,
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
        var qkv: [MatMul] = []
        for (weights, (offset, columns)) in zip(layer.qkv, parts) {
            qkv.append(
                try MatMul(
                    kernels, x: scratch.normed, weights: weights, y: scratch.qkv, columns: columns,
                    stride: shape.rowWidth, offset: offset))
        }
        return Layer(
            attentionNorm: try RMSNorm(
                kernels, x: scratch.residual, weight: layer.attentionNorm, y: scratch.normed, width: c.embeddingLength,
                epsilon: c.epsilon),
            qkv: qkv,
            output: try MatMul(
                kernels, x: scratch.mixed, weights: layer.output, y: scratch.residual, columns: c.embeddingLength,
                stride: c.embeddingLength, epilogue: .residual),
            feedForwardNorm: try RMSNorm(
                kernels, x: scratch.residual, weight: layer.feedForwardNorm, y: scratch.normed,
                width: c.embeddingLength, epsilon: c.epsilon),
            gateUp: try MatMul(
                kernels, x: scratch.normed, weights: layer.gateUp, y: scratch.gated, columns: c.feedForwardLength,
                stride: c.feedForwardLength, epilogue: .swiglu),
            down: try MatMul(
                kernels, x: scratch.gated, weights: layer.down, y: scratch.residual, columns: c.embeddingLength,
                stride: c.embeddingLength, epilogue: .residual))
    }

    /// Eight dispatches a layer, ten where queries, keys and values differ in format, and three around them.
    func encode(_ commands: any Commands, rows: Int, logitRows: Int) {
        embed.encode(commands, rows: rows)
        for (index, layer) in layers.enumerated() {
            layer.attentionNorm.encode(commands, rows: rows)
            for product in layer.qkv { product.encode(commands, rows: rows) }
            ropeStore.encode(commands, rows: rows, layer: index)
            attention.encode(commands, rows: rows, layer: index)
            layer.output.encode(commands, rows: rows)
            layer.feedForwardNorm.encode(commands, rows: rows)
            layer.gateUp.encode(commands, rows: rows)
            layer.down.encode(commands, rows: rows)
        }
        guard logitRows > 0 else { return }
        outputNorm.encode(commands, rows: logitRows)
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

    init(
        _ c: LlamaConfiguration, _ shape: AttentionShape, rows: Int, logitRows: Int, on device: any Device
    ) throws(ComputeError) {
        func floats(_ count: Int, _ label: String) throws(ComputeError) -> any Buffer {
            try device.makeBuffer(byteCount: 4 * count, access: .device, label: label)
        }
        residual = try floats(rows * c.embeddingLength, "residual")
        normed = try floats(rows * c.embeddingLength, "normed")
        qkv = try floats(rows * shape.rowWidth, "qkv")
        mixed = try floats(rows * shape.heads * shape.headSize, "mixed")
        gated = try floats(rows * c.feedForwardLength, "gated")
        final = try floats(logitRows * c.embeddingLength, "final")
    }
}

extension AttentionShape {
    fileprivate init(_ c: LlamaConfiguration, kv: KVShape) {
        self.init(heads: c.heads, kvHeads: c.kvHeads, rotated: c.rotated, layers: c.layers, page: kv.page)
    }
}
