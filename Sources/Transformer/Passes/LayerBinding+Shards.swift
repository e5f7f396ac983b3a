import Compute
import Kernels

/// Where the shards of a network show each other what they make of rows.
///
/// Nobody may write what another still reads: between two uses of an exchange there is a meeting of another. Mixers and
/// feed-forward parts take turns; blocks that have both in one part take turns with a second pair.
struct ShardExchanges: Sendable {
    struct Pair: Sendable {
        let mixer: Exchange
        let feedForward: Exchange
    }

    /// Rows that there is room for.
    let rows: Int
    private let pairs: [Pair]

    /// - Parameter devices: of all ranks, each with the shards that it computes.
    init(_ network: Network, rows: Int, on devices: [any Device], way: Exchange.Way? = nil) throws(ComputeError) {
        let shards = network.shards, held = (0..<shards.ranks).map { shards.held(by: $0) }
        func exchange(_ label: String) throws(ComputeError) -> Exchange {
            try Exchange(
                slotBytes: 4 * rows * network.embeddingLength, held: held, label: label, on: devices, way: way)
        }
        let isParallel = network.blocks.contains(where: \.isParallel)
        pairs = try (0..<(isParallel ? 2 : 1)).map { _ throws(ComputeError) in
            Pair(mixer: try exchange("sums of mixers"), feedForward: try exchange("sums of feed-forward parts"))
        }
        self.rows = rows
    }

    /// Those of a block.
    subscript(block: Int) -> Pair { pairs[block % pairs.count] }
}

extension LayerBinding {
    /// A block that is cut: each shard's branches go to the exchange, and are added up when all devices have met.
    mutating func bind(_ block: Block, _ index: Int, by exchanges: ShardExchanges) throws(ComputeError) {
        guard case .attention(let heads) = block.mixer, block.feedForward.mixture == nil else {
            preconditionFailure("block \(index) cannot be cut")
        }
        let (shards, mixer, feedForward) = (network.shards, exchanges[index].mixer, exchanges[index].feedForward)
        for shard in shards.held {
            try bind(heads.shard(shard, shards), block, index, shard: shard)
            try bindShard(shard, index, scratch.mixed, .mixerOutput, to: mixer)
        }
        if !block.isParallel {
            meet([mixer])
            try bindSum(block, index, of: mixer, .mixerOutput, normBehind: .postMixerNorm)
        }
        for shard in shards.held {
            try bindGateUp(block, index, norm: block.isParallel ? .mixerNorm : .feedForwardNorm, shard: shard)
            try bindShard(shard, index, scratch.gated, .down, to: feedForward)
        }
        meet(block.isParallel ? [mixer, feedForward] : [feedForward])
        if block.isParallel { try bindSum(block, index, of: mixer, .mixerOutput, normBehind: .postMixerNorm) }
        try bindSum(block, index, of: feedForward, .down, normBehind: .postFeedForwardNorm)
    }

    private mutating func meet(_ exchanges: [Exchange]) {
        if network.shards.ranks > 1 { operations.append(.meeting(exchanges)) }
    }

    /// What a shard gives of a branch, into its place of the exchange.
    private mutating func bindShard(
        _ shard: Int, _ index: Int, _ x: any Buffer, _ part: Weight.Part, to exchange: Exchange
    ) throws(ComputeError) {
        let matrix = weights[matrix: network.weight(part, index, shard)], length = network.embeddingLength
        let offset = shard * (exchanges?.rows ?? 0) * length
        operations.append(
            .products(
                try Products(
                    kernels, .init(x, bytes: scratch.bytes), depth: matrix.weights.shape.depth,
                    [.init(matrix.weights, offset: offset, columns: matrix.columns)],
                    y: exchange.own(network.shards.rank), stride: length)))
    }

    /// All shards' results of a branch, added to the rows that came in.
    private mutating func bindSum(
        _ block: Block, _ index: Int, of exchange: Exchange, _ part: Weight.Part, normBehind: Weight.Part
    ) throws(ComputeError) {
        let (y, sum) = places(of: part, block), shards = network.shards
        operations.append(
            .sum(
                try SumShards(
                    kernels, x: exchange.all(shards.rank), shards: shards.count, slotRows: exchanges?.rows ?? 0,
                    bias: weights.vectorIfPresent(.bias(of: .block(index, part))), y: y,
                    width: network.embeddingLength, isAdded: !block.hasNormsAfter,
                    scale: block.hasNormsAfter ? 1 : block.residualScale)))
        try bindNorms(block, index, part, y: y, sum: sum, normBehind: normBehind)
    }
}
