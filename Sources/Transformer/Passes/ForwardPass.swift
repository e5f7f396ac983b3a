import Compute
import KVCache
import Kernels
import Quantities

/// The dispatches of a network, tied to their buffers once; a step only counts its rows.
struct ForwardPass: Sendable {
    /// What follows one another in a pass.
    enum Operation: Sendable {
        case products(Products)
        case norm(Norm)
        case headNorm(HeadNorm)
        case store(RopeStore, layer: LayerPlace)
        case attention(Attention, layer: LayerPlace)
        case convolution(CausalConvolution)
        case recurrence(StateRecurrence)
        case gatedNorm(GatedNorm)
        case routing(ExpertRouting)
        case experts(MatMul)
        case combination(CombineExperts)
        /// Where all devices of a mesh wait for each other, to take what each shows.
        case meeting([Exchange])
        case sum(SumShards)
    }

    /// What becomes of the rows that are wanted.
    private enum Output: Sendable {
        case logits(Products)
        /// They are wanted themselves, normalised.
        case rows(Norm)
    }

    private let embed: Embed
    private let operations: [Operation]
    private let output: Output
    private let rank: Int
    /// Bytes of a row in exchanges.
    private let rowBytes: Int
    /// The operations between meetings.
    let parts: [Range<Int>]

    /// - Parameters:
    ///   - results: `[logitRows][stride]`: the logits of each wanted row, or the rows.
    ///   - exchanges: of a network that is cut.
    init(
        _ weights: NetworkWeights, kv: KVShape, inputs: StepInputs, pool: KVPool, maxRows: Int, results: any Buffer,
        logitRows: Int, stride: Int, exchanges: ShardExchanges? = nil, kernels: KernelSet
    ) throws(ComputeError) {
        let network = weights.network
        let scratch = try Scratch(network, rows: maxRows, logitRows: logitRows, kernels)
        let length = network.embeddingLength
        var added: Embed.Added?
        if let rows = network.added, let heads = network.heads {
            added = .init(
                places: inputs.rowBuffers(heads.mask).rows, rows: weights[vector: .added],
                count: rows.hasPositions ? network.contextLength : 1)
        }
        embed = try Embed(
            kernels, tokens: inputs.tokensBuffer, table: weights[matrix: .embedding].weights,
            y: network.hasEmbeddingNorm ? scratch.normed : scratch.residual, scale: network.embeddingScale,
            added: added)
        var binding = LayerBinding(
            weights: weights, kv: kv, inputs: inputs, pool: pool.pages[kernels.device], scratch: scratch,
            kernels: kernels, exchanges: exchanges)
        if network.hasEmbeddingNorm {
            binding.operations.append(
                .norm(
                    try Norm(
                        kernels, x: scratch.normed, weights.norm(.embeddingNorm), y: scratch.residual, width: length)))
        }
        for index in network.blocks.indices { try binding.bind(index) }
        operations = binding.operations
        (rank, rowBytes) = (network.shards.rank, 4 * length)
        let bound = binding.operations
        let meetings = bound.indices.filter { if case .meeting = bound[$0] { true } else { false } }
        parts = zip([0] + meetings.map { $0 + 1 }, meetings + [bound.count]).map { $0..<$1 }
        let norm = weights.norm(.outputNorm, sources: inputs.logitRowsBuffer)
        guard network.pooling == nil else {
            let sum = network.endsWithSum ? scratch.normed : scratch.residual
            output = .rows(try Norm(kernels, x: sum, norm, y: results, width: length))
            return
        }
        // Two bytes for each number: what the logits' rows lose nothing behind makes up for. With one byte logits were
        // 1.06 times as far off as those of llama.cpp's CPU kernels, with floats 0.91 times.
        let last = network.output
        // Products are of whole quads; what is behind a vocabulary is padding.
        let own = weights.output.map { part in
            Products.Part(
                part.weights, bias: part.bias, offset: part.columns.lowerBound,
                columns: Scratch.columns(part.columns.count))
        }
        output = .logits(
            try Products(
                kernels, .init(scratch.residual, norm: (norm, y: scratch.final), bytes: scratch.finalBytes),
                depth: length, own, y: results, stride: stride,
                epilogue: .init(.none, scale: last.scale, cap: last.cap)))
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
        guard case .logits(let products) = output else { return Set(heights).sorted() }
        return Set(heights + products.heights).sorted()
    }

    /// The products with matrices of weights that a pass is made of, but those of experts: with how many matrices, and
    /// whether only rows whose logits are wanted are multiplied with them.
    var matrices: [ModelMatrix] {
        var counts: [MatrixProduct: Int] = [:]
        for case .products(let products) in operations {
            for product in products.matrices { counts[product, default: 0] += 1 }
        }
        let layers = counts.map { ModelMatrix(product: $0.key, count: $0.value, isOutput: false) }
            .sorted { $0.product.description < $1.product.description }
        guard case .logits(let products) = output else { return layers }
        return layers + products.matrices.map { ModelMatrix(product: $0, count: 1, isOutput: true) }
    }

    /// Eight dispatches a layer of Llama, ten where queries, keys and values differ in format, two more where gate and
    /// up do, and three around them; with products of whole numbers two more a layer. Norms of heads and norms behind
    /// are one more each.
    ///
    /// Of a network that several devices compute together two parts a layer: what follows the last meeting and leads to
    /// the next.
    func encode(_ part: Int = 0, _ commands: any Commands, _ batch: Batch) {
        let (rows, logitRows) = (batch.rowCount, batch.logitRows.count)
        if part == 0 {
            embed.encode(commands, rows: rows)
        } else {
            for exchange in meeting(parts[part].lowerBound - 1) {
                exchange.take(rank, bytes: rows * rowBytes, commands)
            }
        }
        for operation in operations[parts[part]] {
            switch operation {
            case .products(let products): products.encode(commands, rows: rows)
            case .norm(let norm): norm.encode(commands, rows: rows)
            case .headNorm(let norm): norm.encode(commands, rows: rows)
            case .store(let store, let layer): store.encode(commands, rows: rows, layer: layer)
            case .attention(let attention, let layer):
                attention.encode(commands, rows: rows, pieces: batch.pieces, longest: batch.longest, layer: layer)
            case .convolution(let convolution): convolution.encode(commands, pieces: batch.pieces)
            case .recurrence(let recurrence): recurrence.encode(commands, pieces: batch.pieces)
            case .gatedNorm(let norm): norm.encode(commands, rows: rows)
            case .routing(let routing): routing.encode(commands, rows: rows)
            case .experts(let product): product.encode(commands, rows: rows)
            case .combination(let combination): combination.encode(commands, rows: rows)
            case .sum(let sum): sum.encode(commands, rows: rows)
            case .meeting: preconditionFailure("parts have no meeting in them")
            }
        }
        guard part == parts.count - 1 else {
            for exchange in meeting(parts[part].upperBound) {
                exchange.show(rank, bytes: rows * rowBytes, commands)
            }
            return
        }
        guard logitRows > 0 else { return }
        switch output {
        case .logits(let products): products.encode(commands, rows: logitRows)
        case .rows(let norm): norm.encode(commands, rows: logitRows)
        }
    }

    private func meeting(_ place: Int) -> [Exchange] {
        guard case .meeting(let exchanges) = operations[place] else { preconditionFailure("no meeting at \(place)") }
        return exchanges
    }
}
