import Compute
import Kernels
import Quantities

/// Binds block after block; layers that are alike share what they are bound to.
struct LayerBinding {
    let weights: NetworkWeights
    let kv: KVShape
    let inputs: StepInputs
    let pool: any Buffer
    let scratch: Scratch
    let kernels: KernelSet
    /// Where shards show each other what they make of rows; `nil` where there is one.
    let exchanges: ShardExchanges?
    /// Where the pages and sinks of each block's shards stand; none for those that keep no keys and values.
    private let places: [[LayerPlace]]
    private let numbers: [Int?]
    /// Where the state of each block begins.
    let stateStarts: [Int]
    var operations: [ForwardPass.Operation] = []
    private var stores: [StoreKey: RopeStore] = [:]
    private var attentions: [AttentionLayer: Attention] = [:]

    /// What stores of rows differ by.
    private struct StoreKey: Hashable {
        var shape: AttentionShape
        var rope: Rope?
    }

    init(
        weights: NetworkWeights, kv: KVShape, inputs: StepInputs, pool: any Buffer, scratch: Scratch,
        kernels: KernelSet, exchanges: ShardExchanges? = nil
    ) {
        self.exchanges = exchanges
        (self.weights, self.kv, self.inputs) = (weights, kv, inputs)
        (self.pool, self.scratch, self.kernels) = (pool, scratch, kernels)
        numbers = weights.network.kvLayers
        places = weights.network.places(in: kv)
        stateStarts = weights.network.statePages(kv.page.pageBytes).starts
    }

    var network: Network { weights.network }

    mutating func bind(_ index: Int) throws(ComputeError) {
        let block = network.blocks[index]
        if let exchanges { return try bind(block, index, by: exchanges) }
        // Both take the rows as they come in: before the first of them changes these.
        if block.isParallel { try bindGateUp(block, index, norm: .mixerNorm) }
        switch block.mixer {
        case .attention(let heads): try bind(heads, block, index)
        case .recurrent(let layer): try bind(layer, block, index)
        }
        try bindBranch(block, index, scratch.mixed, .mixerOutput, normBehind: .postMixerNorm)
        if let mixture = block.feedForward.mixture {
            let sum = ExpertSum(y: scratch.residual, isAdded: true, scale: block.residualScale)
            return try bind(mixture, block, index) { _ in sum }
        }
        if !block.isParallel { try bindGateUp(block, index, norm: .feedForwardNorm) }
        try bindBranch(block, index, scratch.gated, .down, normBehind: .postFeedForwardNorm)
    }

    /// - Parameter shard: whose heads these are.
    mutating func bind(
        _ heads: AttentionLayer, _ block: Block, _ index: Int, shard: Int = 0
    ) throws(ComputeError) {
        guard let number = numbers[index] else { preconditionFailure("no pages of block \(index)") }
        let slot = shard - network.shards.held.lowerBound, place = places[index][slot]
        let shape = shape(heads, kv.layers[number + slot])
        try bindMixerInput(block, index, width: heads.rowWidth, shard: shard)
        try bindHeadNorms(heads, shape, index)
        operations.append(.store(try store(heads, shape), layer: place))
        operations.append(.attention(try attention(heads, shape), layer: place))
        guard heads.isGated else { return }
        try append(
            [weights[matrix: network.weight(.headGate, index, shard)]], [.init(.gating)],
            of: input(block, index, norm: .mixerNorm), width: heads.mixedWidth, y: scratch.mixed)
    }

    /// What the mixer takes of the rows, all matrices' results side by side.
    mutating func bindMixerInput(_ block: Block, _ index: Int, width: Int, shard: Int = 0) throws(ComputeError) {
        var offset = 0
        let parts = weights.matrices { network.weight(.mixerInput($0), index, shard) }.map { matrix in
            defer { offset += matrix.columns }
            return Products.Part(
                matrix.weights, bias: matrix.bias, offset: offset, columns: matrix.columns)
        }
        operations.append(
            .products(
                try Products(
                    kernels, input(block, index, norm: .mixerNorm), depth: network.embeddingLength, parts,
                    y: scratch.projected, stride: width)))
    }

    private mutating func bindHeadNorms(
        _ heads: AttentionLayer, _ shape: AttentionShape, _ index: Int
    ) throws(ComputeError) {
        guard heads.norms != .none else { return }
        operations.append(
            .headNorm(
                try HeadNorm(
                    kernels, shape: shape, qkv: scratch.projected,
                    queryWeight: weights[vector: .block(index, .queryNorm)],
                    keyWeight: weights[vector: .block(index, .keyNorm)], epsilon: network.norm.epsilon,
                    isWholeRow: heads.norms == .wholeRow)))
    }

    mutating func bindGateUp(
        _ block: Block, _ index: Int, norm: Weight.Part, shard: Int = 0
    ) throws(ComputeError) {
        let matrices = weights.matrices { network.weight(.gateUp($0), index, shard) }
        let isPlain = if case .plain = block.feedForward { true } else { false }
        try append(
            matrices, isPlain ? [.init(.activated, block.feedForward.activation)] : gating(matrices, block),
            of: input(block, index, norm: norm),
            // What goes down again.
            width: weights[matrix: network.weight(.down, index, shard)].weights.shape.depth, y: scratch.gated)
    }

    /// How gate and up are put together, which stand in one matrix or in two.
    func gating(_ matrices: [NetworkWeights.Matrix], _ block: Block) -> [MatMul.Epilogue] {
        let activation = block.feedForward.activation
        return matrices.count == 1 ? [.init(.paired, activation)] : [.none, .init(.gated, activation)]
    }

    mutating func append(
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

    /// What attention or the feed-forward part gives, added to the rows that came in.
    private mutating func bindBranch(
        _ block: Block, _ index: Int, _ x: any Buffer, _ part: Weight.Part, normBehind: Weight.Part
    ) throws(ComputeError) {
        let matrix = weights[matrix: .block(index, part)], length = network.embeddingLength
        let (y, sum) = places(of: part, block)
        operations.append(
            .products(
                try Products(
                    kernels, .init(x, bytes: scratch.bytes), depth: matrix.weights.shape.depth,
                    [.init(matrix.weights, bias: matrix.bias, columns: matrix.columns)], y: y, stride: length,
                    epilogue: block.hasNormsAfter ? .none : .init(.residual, scale: block.residualScale))))
        try bindNorms(block, index, part, y: y, sum: sum, normBehind: normBehind)
    }

    /// The norms behind a branch, of what it gave in `y` or of the sum that this was added to.
    mutating func bindNorms(
        _ block: Block, _ index: Int, _ part: Weight.Part, y: any Buffer, sum: any Buffer, normBehind: Weight.Part
    ) throws(ComputeError) {
        let length = network.embeddingLength
        if block.hasNormsAfter {
            operations.append(
                .norm(
                    try Norm(
                        kernels, x: y, weights.norm(.block(index, normBehind)), y: scratch.residual, width: length,
                        isAdded: true, scale: block.residualScale)))
        }
        // The last one is the output's.
        guard block.normalisesSums, part != .down || index < network.blocks.count - 1 else { return }
        operations.append(
            .norm(
                try Norm(
                    kernels, x: sum, weights.norm(.block(index, normBehind)),
                    y: part == .down ? scratch.residual : scratch.normed, width: length)))
    }

    /// Where a branch's results go, or are added to; and the sum of these and what came in.
    func places(of part: Weight.Part, _ block: Block) -> (y: any Buffer, sum: any Buffer) {
        let sum = block.normalisesSums && part == .down ? scratch.normed : scratch.residual
        return (block.hasNormsAfter ? scratch.branch : sum, sum)
    }

    private func input(_ block: Block, _ index: Int, norm: Weight.Part) -> Products.Input {
        .init(
            block.normalisesSums && norm == .feedForwardNorm ? scratch.normed : scratch.residual,
            norm: block.hasNormsBefore ? (weights.norm(.block(index, norm)), y: scratch.normed) : nil,
            bytes: scratch.bytes)
    }

    private func shape(_ heads: AttentionLayer, _ layer: KVLayer) -> AttentionShape {
        AttentionShape(
            heads: heads.heads, kvHeads: heads.kvHeads, rotated: heads.rope?.paddedRotated ?? 0,
            pagesPerBlock: kv.pagesPerBlock, headsPerPage: layer.headsPerPage, page: layer.page)
    }

    private mutating func store(_ heads: AttentionLayer, _ shape: AttentionShape) throws(ComputeError) -> RopeStore {
        let rope = heads.rope, key = StoreKey(shape: shape, rope: rope)
        if let store = stores[key] { return store }
        let store = try RopeStore(
            kernels, shape, qkv: scratch.projected,
            // Without positions no table is read.
            rotations: rope.map { weights.rotations($0.ofKeys) } ?? scratch.projected,
            queryRotations: rope?.temperature == nil ? nil : rope.map { weights.rotations($0) },
            rows: inputs.rowBuffers(heads.mask), pool: pool)
        stores[key] = store
        return store
    }

    private mutating func attention(
        _ heads: AttentionLayer, _ shape: AttentionShape
    ) throws(ComputeError) -> Attention {
        if let attention = attentions[heads] { return attention }
        let attention = try Attention(
            kernels, shape,
            AttentionScores(scale: heads.scale, cap: heads.cap, sinks: weights.vectorIfPresent(.sinks)),
            qkv: scratch.projected, rows: inputs.rowBuffers(heads.mask), pool: pool, y: scratch.mixed)
        attentions[heads] = attention
        return attention
    }
}

extension NetworkWeights {
    /// The norm whose weights are `weight`.
    func norm(_ weight: Weight, sources: (any Buffer)? = nil) -> Normalisation {
        Normalisation(
            kind: network.norm.kind, weight: self[vector: weight], bias: vectorIfPresent(.bias(of: weight)),
            sources: sources, epsilon: network.norm.epsilon)
    }
}
