import GGUF
import Kernels

/// Which tensors of a file each weight of a network is made of: every one is there, has the shape that the network
/// implies, and none is left over.
struct NetworkTensors {
    var matrices: [(weight: Weight, source: TensorGroup)] = []
    var vectors: [(weight: Weight, source: VectorGroup)] = []
    private(set) var divisors: [RopeDivisors: GGUFTensor] = [:]
    /// Those of `Pooling.layers`.
    private(set) var pooling: [PoolingLayer] = []
    var finder: TensorFinder
    let network: Network

    struct PoolingLayer {
        var weights: GGUFTensor
        var bias: GGUFTensor?
    }

    /// - Throws: `ModelError` naming a tensor that is missing, of another shape, or of no use.
    init(_ file: GGUFFile, _ network: Network) throws(ModelError) { try self.init(.file(file), network) }

    init(_ source: TensorFinder.Source, _ network: Network) throws(ModelError) {
        self.network = network
        finder = TensorFinder(source, network: network)
        let d = network.embeddingLength
        try addMatrix(.embedding, .embedding, depth: d, columns: network.vocabularySize, allowsBias: false)
        try addRows()
        if network.hasEmbeddingNorm { try addNorm(.embeddingNorm, .embeddingNorm) }
        if !network.output.isTied { try addMatrix(.output, .output, depth: d, columns: network.vocabularySize) }
        if network.endsWithSum {
            try addNorm(.outputNorm, .postFeedForwardNorm, network.blocks.count - 1)
        } else {
            try addNorm(.outputNorm, .outputNorm)
        }
        try addPooling()
        for (index, block) in network.blocks.enumerated() { try add(block, index) }
        try addSinks()
        try addDivisors()
        try finder.refuseUnused(layers: network.blocks.count)
    }

    private mutating func add(_ block: Block, _ index: Int) throws(ModelError) {
        func weight(_ part: Weight.Part) -> Weight { .block(index, part) }
        if block.hasNormsBefore { try addNorm(weight(.mixerNorm), .mixerNorm, index) }
        switch block.mixer {
        case .attention(let heads): try add(heads, index)
        case .recurrent(let layer): try add(layer, index)
        }
        if block.hasNormsAfter || block.normalisesSums { try addNorm(weight(.postMixerNorm), .postMixerNorm, index) }
        if block.hasNormsBefore, !block.isParallel { try addNorm(weight(.feedForwardNorm), .feedForwardNorm, index) }
        if let mixture = block.feedForward.mixture {
            try add(mixture, index)
        } else {
            try addFeedForward(block.feedForward, index)
        }
        // The last sum's stands for the output's.
        if block.hasNormsAfter || block.normalisesSums && index < network.blocks.count - 1 {
            try addNorm(weight(.postFeedForwardNorm), .postFeedForwardNorm, index)
        }
    }

    /// The rows that are added to embeddings: those of positions, to each of which that of the type is added, or the
    /// type's alone.
    private mutating func addRows() throws(ModelError) {
        guard let added = network.added else { return }
        let d = network.embeddingLength
        let type = added.hasType ? try finder.firstRow(.types, length: d) : nil
        guard added.hasPositions else {
            if let type { vectors.append((.added, VectorGroup(pieces: [.elements(type)]))) }
            return
        }
        let rows = try finder.elements("\(network.tensorName(.positions)).weight", [d, network.contextLength])
        vectors.append((.added, VectorGroup(pieces: [.elements(rows)], addend: type)))
    }

    /// What stands behind pooled rows. An output matrix, where the file has one, is for models that go on with texts.
    private mutating func addPooling() throws(ModelError) {
        guard let layers = network.pooling?.layers else { return }
        finder.ignore(.output)
        var depth = network.embeddingLength
        for layer in layers {
            let weights = try finder.tensor("\(layer.name).weight", [depth, layer.width])
            let bias = try finder.tensorIfPresent("\(layer.name).bias", [layer.width])
            pooling.append(PoolingLayer(weights: weights, bias: bias))
            depth = layer.width
        }
    }

    private mutating func add(_ heads: AttentionLayer, _ index: Int) throws(ModelError) {
        for shard in 0..<network.shards.count { try addQueriesKeysValues(heads, index, shard) }
        if heads.norms != .none {
            let isWhole = heads.norms == .wholeRow
            for (part, name, count) in [
                (Weight.Part.queryNorm, TensorName.queryNorm, heads.heads), (.keyNorm, .keyNorm, heads.kvHeads),
            ] {
                let piece = try finder.vector(
                    name, index, isWhole ? count * heads.headSize : heads.headSize, halves: heads.halves)
                vectors.append((.block(index, part), VectorGroup(pieces: [.elements(piece)])))
            }
        }
        let output = try finder.part(
            .attentionOutput, index, depth: heads.mixedWidth, columns: network.embeddingLength)
        for shard in 0..<network.shards.count {
            let queries = heads.heads(of: shard, network.shards).queries
            let own = try cut(
                output, shard, depth: queries.lowerBound * heads.headSize..<queries.upperBound * heads.headSize)
            matrices.append((network.weight(.mixerOutput, index, shard), TensorPart.joined([own])[0]))
        }
    }

    /// What a shard has of a matrix whose depth they divide. The first has the bias, which is added once.
    private func cut(_ part: TensorPart, _ shard: Int, depth: Range<Int>) throws(ModelError) -> TensorPart {
        let count = network.shards.count, tensor = part.rows.tensor, grain = WeightFormat(tensor.type).depthMultiple
        guard count > 1 else { return part }
        guard !depth.isEmpty, depth.lowerBound % grain == 0, depth.upperBound % grain == 0 else {
            throw .unsupported(
                model: network.name,
                reason: "\(tensor.name) cannot be cut into \(count) shards: its rows of \(tensor.shape[0]) are "
                    + "blocks of \(grain)")
        }
        var own = part
        own.rows.depth = depth
        if shard > 0 { own.bias = nil }
        return own
    }

    /// What each shard has of a feed-forward width: whole blocks of what goes down again, and whole panels where there
    /// are enough of them.
    private func widths(_ width: Int, _ down: TensorName, _ index: Int) -> [Range<Int>] {
        let shards = network.shards, multiple = finder.format(down, index)?.depthMultiple ?? 1
        let grain = width % 32 == 0 && width / 32 >= shards.count ? max(multiple, 32) : multiple
        return shards.count == 1
            ? [0..<width] : (0..<shards.count).map { shards.part($0, of: width, grain: grain) }
    }

    /// Those of all layers, in the order in which the pool counts these.
    private mutating func addSinks() throws(ModelError) {
        let numbers = network.kvLayers
        var sinks: [VectorGroup.Piece] = []
        let keeping = numbers.indices.filter { numbers[$0] != nil }.sorted { numbers[$0] ?? 0 < numbers[$1] ?? 0 }
        for index in keeping {
            guard let heads = network.blocks[index].attention, heads.hasSinks else { continue }
            sinks.append(.elements(try finder.vector(.sinks, index, heads.heads)))
        }
        if !sinks.isEmpty { vectors.append((.sinks, VectorGroup(pieces: sinks))) }
    }

    /// One tensor for all three, or three tensors, which are packed together where they have one format. Where heads
    /// are gated, the rows of each head's gate follow those of its queries.
    private mutating func addQueriesKeysValues(
        _ heads: AttentionLayer, _ index: Int, _ shard: Int
    ) throws(ModelError) {
        let (q, kv, d) = (heads.mixedWidth, heads.kvHeads * heads.headSize, network.embeddingLength)
        let held = heads.heads(of: shard, network.shards)
        func rows(_ heads: Range<Int>, of size: Int, from first: Int = 0) -> Range<Int> {
            first + heads.lowerBound * size..<first + heads.upperBound * size
        }
        let queries = rows(held.queries, of: heads.headSize), keys = rows(held.keys, of: heads.headSize)
        var parts: [TensorPart]
        if heads.isGated {
            let rows = try (2 * held.queries.lowerBound..<2 * held.queries.upperBound).map { head throws(ModelError) in
                let first = head * heads.headSize
                return try finder.part(.query, index, depth: d, columns: 2 * q, rows: first..<first + heads.headSize)
            }
            let gates = stride(from: 1, to: rows.count, by: 2).map { rows[$0] }
            matrices.append((network.weight(.headGate, index, shard), TensorPart.joined(gates)[0]))
            parts = stride(from: 0, to: rows.count, by: 2).map { rows[$0] }
            parts += [
                try finder.part(.key, index, depth: d, columns: kv, rows: keys),
                try finder.part(.value, index, depth: d, columns: kv, rows: keys),
            ]
        } else if finder.has(.qkv, index) {
            let all = [queries] + [q, q + kv].map { rows(held.keys, of: heads.headSize, from: $0) }
            parts = try all.map { rows throws(ModelError) in
                try finder.part(.qkv, index, depth: d, columns: q + 2 * kv, rows: rows)
            }
        } else {
            parts = [
                try finder.part(.query, index, depth: d, columns: q, rows: queries),
                try finder.part(.key, index, depth: d, columns: kv, rows: keys),
                try finder.part(.value, index, depth: d, columns: kv, rows: keys),
            ]
        }
        // All but the values.
        for place in parts.indices.dropLast() { parts[place].setHalves(heads.halves) }
        for (number, group) in TensorPart.joined(parts).enumerated() {
            matrices.append((network.weight(.mixerInput(number), index, shard), group))
        }
    }

    private mutating func addFeedForward(_ feedForward: FeedForward, _ index: Int) throws(ModelError) {
        let width = feedForward.width, widths = widths(width, .down, index)
        for (shard, own) in widths.enumerated() { try addGateUp(feedForward, index, own, shard) }
        let down = try finder.part(.down, index, depth: width, columns: network.embeddingLength)
        for (shard, own) in widths.enumerated() {
            let own = TensorPart.joined([try cut(down, shard, depth: own)])[0]
            matrices.append((network.weight(.down, index, shard), own))
        }
    }

    /// Gate and up by turns where they have one format; both may stand in one tensor, the gate first.
    ///
    /// - Parameter rows: those of a shard, or all.
    private mutating func addGateUp(
        _ feedForward: FeedForward, _ index: Int, _ rows: Range<Int>, _ shard: Int
    ) throws(ModelError) {
        let d = network.embeddingLength, width = feedForward.width
        var parts: [TensorPart]
        switch feedForward {
        case .mixture: preconditionFailure("experts are added on their own")
        case .plain: parts = [try finder.part(.up, index, depth: d, columns: width, rows: rows)]
        case .gated where finder.has(.gate, index):
            parts = [
                try finder.part(.gate, index, depth: d, columns: width, rows: rows),
                try finder.part(.up, index, depth: d, columns: width, rows: rows),
            ]
        case .gated:
            parts = try [0, width].map { first throws(ModelError) in
                try finder.part(
                    .up, index, depth: d, columns: 2 * width,
                    rows: first + rows.lowerBound..<first + rows.upperBound)
            }
        }
        for (number, group) in TensorPart.alternating(parts).enumerated() {
            matrices.append((network.weight(.gateUp(number), index, shard), group))
        }
    }

    /// The router, the experts one behind the other, and what rows share.
    private mutating func add(_ mixture: Mixture, _ index: Int) throws(ModelError) {
        try addMatrix(
            .block(index, .router), .router, index, depth: network.embeddingLength, columns: mixture.experts)
        for (shard, own) in widths(mixture.width, .expertDown, index).enumerated() {
            try addExperts(mixture, index, shard, own)
        }
        guard let shared = mixture.shared else { return }
        for (shard, own) in widths(shared.width, .sharedDown, index).enumerated() {
            try add(shared, index, shard, own)
        }
        guard shared.isGated else { return }
        let row = try finder.vector(.sharedRouter, index, network.embeddingLength)
        matrices.append((.block(index, .sharedRouter), TensorGroup(pieces: [.init(tensor: row.tensor, rows: 0..<1)])))
    }

    /// - Parameter own: what the shard has of each expert's width.
    private mutating func addExperts(
        _ mixture: Mixture, _ index: Int, _ shard: Int, _ own: Range<Int>
    ) throws(ModelError) {
        let (d, width, experts) = (network.embeddingLength, mixture.width, mixture.experts)
        var gates: [TensorPart] = [], ups: [TensorPart] = [], downs: [TensorPart] = []
        let isJoined = finder.has(.expertGateUp, index)
        for expert in 0..<experts {
            func part(_ name: TensorName, depth: Int, columns: Int, _ rows: Range<Int>) throws(ModelError) -> TensorPart
            {
                let first = expert * columns
                return try finder.part(
                    name, index, depth: depth, columns: columns,
                    rows: first + rows.lowerBound..<first + rows.upperBound, experts: experts)
            }
            let gate = isJoined ? TensorName.expertGateUp : .expertGate, up = isJoined ? gate : .expertUp
            let columns = isJoined ? 2 * width : width, first = isJoined ? width : 0
            gates.append(try part(gate, depth: d, columns: columns, own))
            ups.append(try part(up, depth: d, columns: columns, first + own.lowerBound..<first + own.upperBound))
            downs.append(try cut(part(.expertDown, depth: width, columns: d, 0..<d), shard, depth: own))
        }
        for (number, group) in TensorPart.alternating(gates, ups).enumerated() {
            matrices.append((network.weight(.gateUp(number), index, shard), group))
        }
        matrices.append((network.weight(.down, index, shard), TensorPart.experts(downs)))
    }

    /// - Parameter own: what the shard has of the shared expert's width.
    private mutating func add(
        _ shared: Mixture.Shared, _ index: Int, _ shard: Int, _ own: Range<Int>
    ) throws(ModelError) {
        let d = network.embeddingLength
        let pair = [
            try finder.part(.sharedGate, index, depth: d, columns: shared.width, rows: own),
            try finder.part(.sharedUp, index, depth: d, columns: shared.width, rows: own),
        ]
        for (number, group) in TensorPart.alternating(pair).enumerated() {
            matrices.append((network.weight(.sharedGateUp(number), index, shard), group))
        }
        let down = try finder.part(.sharedDown, index, depth: shared.width, columns: d)
        matrices.append(
            (network.weight(.sharedDown, index, shard), TensorPart.joined([try cut(down, shard, depth: own)])[0]))
    }

    mutating func addMatrix(
        _ weight: Weight, _ name: TensorName, _ index: Int? = nil, depth: Int, columns: Int, allowsBias: Bool = true
    ) throws(ModelError) {
        let part = try finder.part(name, index, depth: depth, columns: columns, allowsBias: allowsBias)
        matrices.append((weight, TensorPart.joined([part])[0]))
    }

    private mutating func addNorm(_ weight: Weight, _ name: TensorName, _ index: Int? = nil) throws(ModelError) {
        let length = network.embeddingLength
        vectors.append((weight, VectorGroup(pieces: [.elements(try finder.vector(name, index, length))])))
        guard network.norm.kind == .layer, let bias = try finder.bias(name, index, [length]) else { return }
        vectors.append((.bias(of: weight), VectorGroup(pieces: [.elements(bias)])))
    }

    private mutating func addDivisors() throws(ModelError) {
        for rope in Set(network.blocks.compactMap(\.attention?.rope)) {
            let names: [RopeDivisors] =
                switch rope.divisors {
                case .none: []
                case .given: [.given]
                case .beyond: [.long, .short]
                }
            for name in names {
                divisors[name] = try finder.tensor("\(name.rawValue).weight", [rope.rotated / 2])
            }
        }
    }
}

/// Tensors by which the angles of rotations are divided.
enum RopeDivisors: String, Sendable {
    case given = "rope_freqs"
    case long = "rope_factors_long"
    case short = "rope_factors_short"
}

extension AttentionLayer {
    /// How rows of queries and keys are packed.
    fileprivate var halves: TensorPiece.Halves? {
        guard let rope, rope.pairs == .halves else { return nil }
        return .init(headSize: headSize, rotated: rope.rotated)
    }
}
