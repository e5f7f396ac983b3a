import Compute
import Kernels

extension LayerBinding {
    /// A block that is cut: each shard's branches go to the exchange, and are added up when all devices have met.
    mutating func bind(_ block: Block, _ index: Int, by exchanges: ShardExchanges) throws(ComputeError) {
        guard case .attention(let heads) = block.mixer else { preconditionFailure("block \(index) cannot be cut") }
        let (shards, mixer, feedForward) = (network.shards, exchanges[index].mixer, exchanges[index].feedForward)
        for shard in shards.held {
            try bind(heads.shard(shard, shards), block, index, shard: shard)
            try bindShard(shard, index, scratch.mixed, .mixerOutput, to: mixer)
        }
        if !block.isParallel {
            meet([mixer])
            try bindSum(block, index, of: mixer, .mixerOutput, normBehind: .postMixerNorm)
        }
        if let mixture = block.feedForward.mixture {
            let y = feedForward.own(shards.rank), length = slotLength
            try bind(mixture, block, index) { ExpertSum(y: y, offset: $0 * length, isAdded: false) }
        } else {
            for shard in shards.held {
                try bindGateUp(block, index, norm: block.isParallel ? .mixerNorm : .feedForwardNorm, shard: shard)
                try bindShard(shard, index, scratch.gated, .down, to: feedForward)
            }
        }
        meet(block.isParallel ? [mixer, feedForward] : [feedForward])
        if block.isParallel { try bindSum(block, index, of: mixer, .mixerOutput, normBehind: .postMixerNorm) }
        try bindSum(block, index, of: feedForward, .down, normBehind: .postFeedForwardNorm)
    }

    private mutating func meet(_ exchanges: [Exchange]) {
        if network.shards.ranks > 1 { operations.append(.meeting(exchanges)) }
    }

    /// Floats from a shard's place in an exchange to the next one's.
    private var slotLength: Int { (exchanges?.rows ?? 0) * network.embeddingLength }

    /// What a shard gives of a branch, into its place of the exchange.
    private mutating func bindShard(
        _ shard: Int, _ index: Int, _ x: any Buffer, _ part: Weight.Part, to exchange: Exchange
    ) throws(ComputeError) {
        let matrix = weights[matrix: network.weight(part, index, shard)]
        operations.append(
            .products(
                try Products(
                    kernels, .init(x, bytes: scratch.bytes), depth: matrix.weights.shape.depth,
                    [.init(matrix.weights, bias: matrix.bias, offset: shard * slotLength, columns: matrix.columns)],
                    y: exchange.own(network.shards.rank), stride: network.embeddingLength)))
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
                    y: y, width: network.embeddingLength, isAdded: !block.hasNormsAfter,
                    scale: block.hasNormsAfter ? 1 : block.residualScale)))
        try bindNorms(block, index, part, y: y, sum: sum, normBehind: normBehind)
    }
}
