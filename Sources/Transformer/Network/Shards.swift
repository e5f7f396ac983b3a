import Kernels

/// How a network is cut for several devices to compute it together: each shard has some heads of every layer and a
/// part of every feed-forward width. Source: Shoeybi et al. 2019 (Megatron-LM), section 3.
///
/// Bits depend on `count`, which belongs to the model, and not on how many devices there are: each computes as many
/// shards as the others, one after the other, and all add them up alike.
///
/// ```swift
/// let whole = try network.cut(into: 4)        // on one device
/// let half = try network.cut(into: 4, ranks: 2, rank: 1)
/// half.shards.held                            // 2..<4
/// ```
package struct Shards: Sendable, Hashable {
    package var count = 1
    /// Devices that hold the same number of shards each.
    package var ranks = 1
    package var rank = 0

    /// Shards of a device.
    package var each: Int { count / ranks }

    /// Those of this one.
    package var held: Range<Int> { held(by: rank) }

    package func held(by rank: Int) -> Range<Int> { rank * each..<(rank + 1) * each }

    /// The part of `length` that a shard has, in whole multiples of `grain`.
    func part(_ shard: Int, of length: Int, grain: Int = 1) -> Range<Int> {
        let units = length / grain
        return units * shard / count * grain..<units * (shard + 1) / count * grain
    }
}

extension Network {
    /// The same network for one of `ranks` devices that compute it together.
    ///
    /// - Throws: `ModelError.unsupported` where it cannot be cut so, which says how it can.
    package func cut(into count: Int, ranks: Int = 1, rank: Int = 0) throws(ModelError) -> Network {
        func refuse(_ reason: String) -> ModelError { .unsupported(model: name, reason: reason) }
        guard SumShards.counts.contains(count) else {
            let counts = SumShards.counts.map(String.init).joined(separator: ", ")
            throw refuse("it can be cut into \(counts) shards, not into \(count)")
        }
        guard ranks >= 1, count % ranks == 0 else {
            throw refuse("\(count) shards cannot be divided among \(ranks) devices; there may be one device a shard")
        }
        if count > 1, let obstacle = obstacleToShards {
            throw refuse("its layers cannot be divided among devices: \(obstacle)")
        }
        let allowed = SumShards.counts.filter { count in
            blocks.allSatisfy { $0.attention?.canBeCut(into: count) ?? true }
        }
        guard allowed.contains(count) else {
            throw refuse(
                "its \(heads?.heads ?? 0) heads with \(heads?.kvHeads ?? 0) of keys and values cannot be cut into "
                    + "\(count) shards, but into \(allowed.map(String.init).joined(separator: ", "))")
        }
        var network = self
        network.shards = Shards(count: count, ranks: ranks, rank: rank)
        return network
    }

    /// What a shard has of a block's matrix; all of it where there is one shard.
    func weight(_ part: Weight.Part, _ block: Int, _ shard: Int) -> Weight {
        shards.count == 1 ? .block(block, part) : .shard(shard, of: .block(block, part))
    }

    /// What every device would have to compute alike, or needs sums of all in between.
    private var obstacleToShards: String? {
        if readsAhead { return "it reads texts whole" }
        for block in blocks {
            if block.recurrent != nil { return "some are recurrent" }
            if block.attention?.norms == .wholeRow { return "heads are normalised together" }
        }
        return nil
    }
}

extension Weight {
    /// Whether who has the shards `held` needs it.
    func isHeld(_ held: Range<Int>) -> Bool {
        if case .shard(let shard, _) = self { held.contains(shard) } else { true }
    }
}

extension AttentionLayer {
    fileprivate func canBeCut(into count: Int) -> Bool {
        kvHeads >= count || count % kvHeads == 0 && heads % count == 0
    }

    /// The heads of a shard: those of keys and values, and those of queries that read them. Where there are fewer of
    /// the first than shards, several shards have the same one.
    func heads(of shard: Int, _ shards: Shards) -> (queries: Range<Int>, keys: Range<Int>) {
        guard kvHeads < shards.count else {
            let keys = shards.part(shard, of: kvHeads), ratio = heads / kvHeads
            return (keys.lowerBound * ratio..<keys.upperBound * ratio, keys)
        }
        let key = shard * kvHeads / shards.count
        return (shards.part(shard, of: heads), key..<key + 1)
    }

    /// The layer as a shard has it.
    func shard(_ shard: Int, _ shards: Shards) -> AttentionLayer {
        guard shards.count > 1 else { return self }
        let own = heads(of: shard, shards)
        var layer = self
        (layer.heads, layer.kvHeads) = (own.queries.count, own.keys.count)
        return layer
    }
}
