import Compute
import KVCache
import Kernels
import Quantities

/// The dispatches of a network, tied to their buffers once; a step only counts its rows.
struct ForwardPass: Sendable {
    /// What follows one another in a pass.
    private enum Operation: Sendable {
        case products(Products)
        case norm(Norm)
        case headNorm(HeadNorm)
        case store(RopeStore, layer: Int)
        case attention(Attention, layer: Int)
    }

    private let embed: Embed
    private let operations: [Operation]
    private let output: Products

    init(
        _ weights: NetworkWeights, kv: KVShape, inputs: StepInputs, pool: KVPool, maxRows: Int, logits: any Buffer,
        logitRows: Int, logitStride: Int, kernels: KernelSet
    ) throws(ComputeError) {
        let network = weights.network
        let scratch = try Scratch(network, rows: maxRows, logitRows: logitRows, kernels)
        embed = try Embed(
            kernels, tokens: inputs.tokensBuffer, table: weights[matrix: .embedding].weights, y: scratch.residual,
            scale: network.embeddingScale)
        var binding = LayerBinding(
            weights: weights, kv: kv, inputs: inputs, pool: pool.pages[kernels.device], scratch: scratch,
            kernels: kernels)
        for index in network.blocks.indices { try binding.bind(index) }
        operations = binding.operations
        // Two bytes for each number: what the logits' rows lose nothing behind makes up for. With one byte logits were
        // 1.06 times as far off as those of llama.cpp's CPU kernels, with floats 0.91 times.
        let last = network.output, matrix = weights[matrix: last.isTied ? .embedding : .output]
        output = try Products(
            kernels,
            Products.Input(
                scratch.residual,
                norm: (weights.norm(.outputNorm, sources: inputs.logitRowsBuffer), y: scratch.final),
                bytes: scratch.finalBytes),
            depth: network.embeddingLength, [.init(matrix.weights, bias: matrix.bias, columns: matrix.columns)],
            y: logits, stride: logitStride, epilogue: .init(.none, scale: last.scale, cap: last.cap))
    }

    /// The heights of tiles that batches choose among, ascending.
    var heights: [Int] {
        let products = operations.compactMap { if case .products(let products) = $0 { products } else { nil } }
        return Set((products + [output]).flatMap(\.heights)).sorted()
    }

    /// Eight dispatches a layer of Llama, ten where queries, keys and values differ in format, two more where gate and
    /// up do, and three around them; with products of whole numbers two more a layer. Norms of heads and norms behind
    /// are one more each.
    func encode(_ commands: any Commands, _ batch: Batch) {
        let (rows, logitRows) = (batch.rowCount, batch.logitRows.count)
        embed.encode(commands, rows: rows)
        for operation in operations {
            switch operation {
            case .products(let products): products.encode(commands, rows: rows)
            case .norm(let norm): norm.encode(commands, rows: rows)
            case .headNorm(let norm): norm.encode(commands, rows: rows)
            case .store(let store, let layer): store.encode(commands, rows: rows, layer: layer)
            case .attention(let attention, let layer):
                attention.encode(commands, rows: rows, pieces: batch.pieces, longest: batch.longest, layer: layer)
            }
        }
        guard logitRows > 0 else { return }
        output.encode(commands, rows: logitRows)
    }

    /// Binds block after block; layers that are alike share what they are bound to.
    private struct LayerBinding {
        let weights: NetworkWeights
        let kv: KVShape
        let inputs: StepInputs
        let pool: any Buffer
        let scratch: Scratch
        let kernels: KernelSet
        /// The number of each block in the pool.
        private let layers: [Int]
        private(set) var operations: [Operation] = []
        private var stores: [Rope?: RopeStore] = [:]
        private var attentions: [AttentionLayer: Attention] = [:]

        init(
            weights: NetworkWeights, kv: KVShape, inputs: StepInputs, pool: any Buffer, scratch: Scratch,
            kernels: KernelSet
        ) {
            (self.weights, self.kv, self.inputs) = (weights, kv, inputs)
            (self.pool, self.scratch, self.kernels) = (pool, scratch, kernels)
            layers = weights.network.kvLayers
        }

        private var network: Network { weights.network }

        mutating func bind(_ index: Int) throws(ComputeError) {
            let block = network.blocks[index]
            try bindQueriesKeysValues(block, index)
            // Both take the rows as they come in: before the first of them changes these.
            if block.isParallel { try bindGateUp(block, index, norm: .attentionNorm) }
            operations.append(.store(try store(block.attention), layer: layers[index]))
            operations.append(.attention(try attention(block.attention), layer: layers[index]))
            try bindBranch(
                block, index, scratch.mixed, .attentionOutput, normBehind: .postAttentionNorm)
            if !block.isParallel { try bindGateUp(block, index, norm: .feedForwardNorm) }
            try bindBranch(block, index, scratch.gated, .down, normBehind: .postFeedForwardNorm)
        }

        private mutating func bindQueriesKeysValues(_ block: Block, _ index: Int) throws(ComputeError) {
            let heads = block.attention
            var offset = 0
            let parts = weights.matrices { .block(index, .qkv($0)) }.map { matrix in
                defer { offset += matrix.columns }
                return Products.Part(
                    matrix.weights, bias: matrix.bias, offset: offset, columns: matrix.columns)
            }
            operations.append(
                .products(
                    try Products(
                        kernels, input(block, index, norm: .attentionNorm), depth: network.embeddingLength, parts,
                        y: scratch.qkv, stride: heads.rowWidth)))
            guard heads.norms != .none else { return }
            operations.append(
                .headNorm(
                    try HeadNorm(
                        kernels, shape: shape(heads), qkv: scratch.qkv,
                        queryWeight: weights[vector: .block(index, .queryNorm)],
                        keyWeight: weights[vector: .block(index, .keyNorm)], epsilon: network.norm.epsilon,
                        isWholeRow: heads.norms == .wholeRow)))
        }

        private mutating func bindGateUp(_ block: Block, _ index: Int, norm: Weight.Part) throws(ComputeError) {
            let matrices = weights.matrices { .block(index, .gateUp($0)) }
            let epilogues: [MatMul.Epilogue] =
                switch block.feedForward {
                case .plain(let activation, _): [.init(.activated, activation)]
                case .gated(let activation, _):
                    matrices.count == 1 ? [.init(.paired, activation)] : [.none, .init(.gated, activation)]
                }
            let width = block.feedForward.width
            for (matrix, epilogue) in zip(matrices, epilogues) {
                operations.append(
                    .products(
                        try Products(
                            kernels, input(block, index, norm: norm), depth: network.embeddingLength,
                            [.init(matrix.weights, bias: matrix.bias, columns: width)], y: scratch.gated,
                            stride: width, epilogue: epilogue)))
            }
        }

        /// What attention or the feed-forward part gives, added to the rows that came in.
        private mutating func bindBranch(
            _ block: Block, _ index: Int, _ x: any Buffer, _ part: Weight.Part, normBehind: Weight.Part
        ) throws(ComputeError) {
            let matrix = weights[matrix: .block(index, part)], length = network.embeddingLength
            let y = block.hasNormsAfter ? scratch.branch : scratch.residual
            operations.append(
                .products(
                    try Products(
                        kernels, .init(x, bytes: scratch.bytes), depth: matrix.weights.shape.depth,
                        [.init(matrix.weights, bias: matrix.bias, columns: matrix.columns)], y: y, stride: length,
                        epilogue: block.hasNormsAfter ? .none : .init(.residual, scale: block.residualScale))))
            guard block.hasNormsAfter else { return }
            operations.append(
                .norm(
                    try Norm(
                        kernels, x: y, weights.norm(.block(index, normBehind)), y: scratch.residual, width: length,
                        isAdded: true, scale: block.residualScale)))
        }

        private func input(_ block: Block, _ index: Int, norm: Weight.Part) -> Products.Input {
            .init(
                scratch.residual,
                norm: block.hasNormsBefore ? (weights.norm(.block(index, norm)), y: scratch.normed) : nil,
                bytes: scratch.bytes)
        }

        private func shape(_ heads: AttentionLayer) -> AttentionShape {
            AttentionShape(
                heads: heads.heads, kvHeads: heads.kvHeads, rotated: heads.rope?.paddedRotated ?? 0,
                layers: network.blocks.count, page: kv.page)
        }

        private mutating func store(_ heads: AttentionLayer) throws(ComputeError) -> RopeStore {
            if let store = stores[heads.rope] { return store }
            let rope = heads.rope
            let store = try RopeStore(
                kernels, shape(heads), qkv: scratch.qkv,
                // Without positions no table is read.
                rotations: rope.map { weights.rotations($0.ofKeys) } ?? scratch.qkv,
                queryRotations: rope?.temperature == nil ? nil : rope.map { weights.rotations($0) },
                rows: inputs.rowBuffers(heads.mask), pool: pool)
            stores[rope] = store
            return store
        }

        private mutating func attention(_ heads: AttentionLayer) throws(ComputeError) -> Attention {
            if let attention = attentions[heads] { return attention }
            let attention = try Attention(
                kernels, shape(heads),
                AttentionScores(scale: heads.scale, cap: heads.cap, sinks: weights.vectorIfPresent(.sinks)),
                qkv: scratch.qkv, rows: inputs.rowBuffers(heads.mask), pool: pool, y: scratch.mixed)
            attentions[heads] = attention
            return attention
        }
    }
}

extension NetworkWeights {
    /// The norm whose weights are `weight`.
    fileprivate func norm(_ weight: Weight, sources: (any Buffer)? = nil) -> Normalisation {
        Normalisation(
            kind: network.norm.kind, weight: self[vector: weight], bias: vectorIfPresent(.bias(of: weight)),
            sources: sources, epsilon: network.norm.epsilon)
    }
}

/// Activations between the dispatches of a pass.
private struct Scratch: Sendable {
    let residual: any Buffer  // [rows][embeddingLength]
    let normed: any Buffer  // [rows][embeddingLength]
    let qkv: any Buffer  // [rows][(heads + 2 * kvHeads) * headSize]
    let mixed: any Buffer  // [rows][heads * headSize]
    let gated: any Buffer  // [rows][feed-forward length]
    /// `[rows][embeddingLength]`: what is normalised before it is added. Nobody needs `normed` at that time.
    var branch: any Buffer { normed }
    let final: any Buffer  // [logitRows][embeddingLength]
    /// Rows of the products under way, where these are of whole numbers.
    let bytes: QuantisedRows?
    /// Those of the logits' product.
    let finalBytes: QuantisedRows?

    init(_ network: Network, rows: Int, logitRows: Int, _ kernels: KernelSet) throws(ComputeError) {
        func floats(_ count: Int, _ label: String) throws(ComputeError) -> any Buffer {
            try kernels.device.makeBuffer(byteCount: 4 * count, access: .device, label: label)
        }
        let heads = network.heads, length = network.embeddingLength, mixedLength = heads.heads * heads.headSize
        let width = network.blocks.reduce(0) { max($0, $1.feedForward.width) }
        residual = try floats(rows * length, "residual")
        normed = try floats(rows * length, "normed")
        qkv = try floats(rows * heads.rowWidth, "qkv")
        mixed = try floats(rows * mixedLength, "mixed")
        gated = try floats(rows * width, "gated")
        final = try floats(logitRows * length, "final")
        bytes = try QuantisedRows(rows: rows, depth: max(length, mixedLength, width), for: kernels)
        finalBytes = try QuantisedRows(rows: logitRows, depth: length, terms: 2, for: kernels)
    }
}
