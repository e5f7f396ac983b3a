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
        case routing(ExpertRouting)
        case experts(MatMul)
        case combination(CombineExperts)
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
        let heights = operations.flatMap { operation in
            switch operation {
            case .products(let products): products.heights
            case .experts(let product): product.heights
            default: [Int]()
            }
        }
        return Set(heights + output.heights).sorted()
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
            case .routing(let routing): routing.encode(commands, rows: rows)
            case .experts(let product): product.encode(commands, rows: rows)
            case .combination(let combination): combination.encode(commands, rows: rows)
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
            if let mixture = block.feedForward.mixture { return try bind(mixture, block, index) }
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
            let isPlain = if case .plain = block.feedForward { true } else { false }
            try append(
                matrices, isPlain ? [.init(.activated, block.feedForward.activation)] : gating(matrices, block),
                of: input(block, index, norm: norm), width: block.feedForward.width, y: scratch.gated)
        }

        /// How gate and up are put together, which stand in one matrix or in two.
        private func gating(_ matrices: [NetworkWeights.Matrix], _ block: Block) -> [MatMul.Epilogue] {
            let activation = block.feedForward.activation
            return matrices.count == 1 ? [.init(.paired, activation)] : [.none, .init(.gated, activation)]
        }

        private mutating func append(
            _ matrices: [NetworkWeights.Matrix], _ epilogues: [MatMul.Epilogue], of input: Products.Input, width: Int,
            y: any Buffer
        ) throws(ComputeError) {
            for (matrix, epilogue) in zip(matrices, epilogues) {
                operations.append(
                    .products(
                        try Products(
                            kernels, input, depth: network.embeddingLength,
                            [.init(matrix.weights, bias: matrix.bias, columns: width)], y: y, stride: width,
                            epilogue: epilogue)))
            }
        }

        /// A router, the experts that it chooses, and what they give together.
        private mutating func bind(_ mixture: Mixture, _ block: Block, _ index: Int) throws(ComputeError) {
            guard let slots = scratch.slots else { preconditionFailure("no room for experts") }
            let length = network.embeddingLength, rows = Products.Input(scratch.normed, bytes: scratch.bytes)
            operations.append(
                .norm(
                    try Norm(
                        kernels, x: scratch.residual, weights.norm(.block(index, .feedForwardNorm)), y: scratch.normed,
                        width: length)))
            try append(
                [weights[matrix: .block(index, .router)]], [.none], of: rows, width: mixture.experts, y: slots.logits)
            let choice = ExpertRouting.Choice(
                experts: mixture.experts, used: mixture.used, probabilities: mixture.probabilities,
                isNormalised: mixture.isNormalised)
            let routing = try ExpertRouting(kernels, choice, logits: slots.logits, slots.lists)
            operations.append(.routing(routing))
            func experts(
                _ matrix: NetworkWeights.Matrix, _ x: any Buffer, columns: Int, y: any Buffer,
                _ epilogue: MatMul.Epilogue, takesSlots: Bool
            ) throws(ComputeError) -> Operation {
                .experts(
                    try MatMul(
                        kernels, x: .floats(x), weights: matrix.weights, bias: matrix.bias, y: y, columns: columns,
                        stride: columns, epilogue: epilogue, experts: .init(routing, takesSlots: takesSlots)))
            }
            let gateUp = weights.matrices { .block(index, .gateUp($0)) }
            for (matrix, epilogue) in zip(gateUp, gating(gateUp, block)) {
                operations.append(
                    try experts(
                        matrix, scratch.normed, columns: mixture.width, y: scratch.gated, epilogue, takesSlots: false))
            }
            operations.append(
                try experts(
                    weights[matrix: .block(index, .down)], scratch.gated, columns: length, y: slots.results, .none,
                    takesSlots: true))
            operations.append(
                .combination(
                    try CombineExperts(
                        kernels, routing, x: slots.results, y: scratch.residual, width: length,
                        scale: block.residualScale)))
            if let shared = mixture.shared { try bind(shared, rows, slots, block, index) }
        }

        /// The expert that all rows have: a feed-forward part of its own, or one whose result is weighted as if a
        /// router had chosen it.
        private mutating func bind(
            _ shared: Mixture.Shared, _ rows: Products.Input, _ slots: Scratch.Slots, _ block: Block, _ index: Int
        ) throws(ComputeError) {
            let gateUp = weights.matrices { .block(index, .sharedGateUp($0)) }, length = network.embeddingLength
            try append(gateUp, gating(gateUp, block), of: rows, width: shared.width, y: scratch.gated)
            let down = weights[matrix: .block(index, .sharedDown)]
            var epilogue = MatMul.Epilogue(.residual, scale: block.residualScale), y = scratch.residual
            var combination: CombineExperts?
            if shared.isGated {
                let choice = ExpertRouting.Choice(experts: 1, used: 1, probabilities: .sigmoid, isNormalised: false)
                try append(
                    [weights[matrix: .block(index, .sharedRouter)]], [.none], of: rows, width: Scratch.gateColumns,
                    y: slots.logits)
                let routing = try ExpertRouting(
                    kernels, choice, logits: slots.logits, stride: Scratch.gateColumns, slots.lists)
                operations.append(.routing(routing))
                (epilogue, y) = (.none, slots.results)
                combination = try CombineExperts(
                    kernels, routing, x: slots.results, y: scratch.residual, width: length,
                    scale: block.residualScale)
            }
            operations.append(
                .products(
                    try Products(
                        kernels, .init(scratch.gated, bytes: scratch.bytes), depth: shared.width,
                        [.init(down.weights, bias: down.bias, columns: length)], y: y, stride: length,
                        epilogue: epilogue)))
            if let combination { operations.append(.combination(combination)) }
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
    let gated: any Buffer  // [rows][feed-forward length], or [rows][used][that of an expert]
    /// `[rows][embeddingLength]`: what is normalised before it is added. Nobody needs `normed` at that time.
    var branch: any Buffer { normed }
    let final: any Buffer  // [logitRows][embeddingLength]
    /// Rows of the products under way, where these are of whole numbers.
    let bytes: QuantisedRows?
    /// Those of the logits' product.
    let finalBytes: QuantisedRows?
    /// Of networks with experts.
    let slots: Slots?

    /// What mixtures need besides; `used` rows stand for each row, one for each of its experts.
    struct Slots: Sendable {
        let logits: any Buffer  // [rows][experts]
        let results: any Buffer  // [rows][used][embeddingLength]
        let lists: ExpertRouting.Lists
    }

    /// Columns of a product of one column, as products have multiples of four.
    static let gateColumns = 4

    init(_ network: Network, rows: Int, logitRows: Int, _ kernels: KernelSet) throws(ComputeError) {
        func floats(_ count: Int, _ label: String) throws(ComputeError) -> any Buffer {
            try kernels.device.makeBuffer(byteCount: 4 * count, access: .device, label: label)
        }
        let heads = network.heads, length = network.embeddingLength, mixedLength = heads.heads * heads.headSize
        let parts = network.blocks.map(\.feedForward), mixture = parts.lazy.compactMap(\.mixture).first
        let width = parts.reduce(0) { max($0, $1.mixture?.shared?.width ?? 0, $1.mixture == nil ? $1.width : 0) }
        let slotWidth = mixture.map { $0.used * $0.width } ?? 0
        residual = try floats(rows * length, "residual")
        normed = try floats(rows * length, "normed")
        qkv = try floats(rows * heads.rowWidth, "qkv")
        mixed = try floats(rows * mixedLength, "mixed")
        gated = try floats(rows * max(width, slotWidth), "gated")
        final = try floats(logitRows * length, "final")
        bytes = try QuantisedRows(rows: rows, depth: max(length, mixedLength, width), for: kernels)
        finalBytes = try QuantisedRows(rows: logitRows, depth: length, terms: 2, for: kernels)
        slots = try mixture.map { mixture throws(ComputeError) in
            Slots(
                logits: try floats(rows * max(mixture.experts, Self.gateColumns), "logits of experts"),
                results: try floats(rows * mixture.used * length, "results of experts"),
                lists: try ExpertRouting.Lists(
                    .init(experts: mixture.experts, used: mixture.used), rows: rows, for: kernels))
        }
    }
}
