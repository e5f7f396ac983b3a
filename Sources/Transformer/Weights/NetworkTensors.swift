import GGUF
import Kernels

/// Which tensors of a file each weight of a network is made of: every one is there, has the shape that the network
/// implies, and none is left over.
struct NetworkTensors {
    private(set) var matrices: [(weight: Weight, source: TensorGroup)] = []
    private(set) var vectors: [(weight: Weight, source: VectorGroup)] = []
    private(set) var divisors: [RopeDivisors: GGUFTensor] = [:]
    private var finder: TensorFinder
    private let network: Network

    /// - Throws: `ModelError` naming a tensor that is missing, of another shape, or of no use.
    init(_ file: GGUFFile, _ network: Network) throws(ModelError) {
        self.network = network
        finder = TensorFinder(file: file, network: network)
        let d = network.embeddingLength
        try addMatrix(.embedding, .embedding, depth: d, columns: network.vocabularySize, allowsBias: false)
        if !network.output.isTied { try addMatrix(.output, .output, depth: d, columns: network.vocabularySize) }
        try addNorm(.outputNorm, .outputNorm)
        for (index, block) in network.blocks.enumerated() { try add(block, index) }
        try addSinks()
        try addDivisors()
        try finder.refuseUnused(layers: network.blocks.count)
    }

    private mutating func add(_ block: Block, _ index: Int) throws(ModelError) {
        let heads = block.attention, d = network.embeddingLength
        func weight(_ part: Weight.Part) -> Weight { .block(index, part) }
        if block.hasNormsBefore { try addNorm(weight(.attentionNorm), .attentionNorm, index) }
        try addQueriesKeysValues(heads, index)
        if heads.norms != .none {
            let isWhole = heads.norms == .wholeRow
            for (part, name, count) in [
                (Weight.Part.queryNorm, TensorName.queryNorm, heads.heads), (.keyNorm, .keyNorm, heads.kvHeads),
            ] {
                let piece = try finder.vector(
                    name, index, isWhole ? count * heads.headSize : heads.headSize, halves: heads.halves)
                vectors.append((weight(part), VectorGroup(pieces: [.elements(piece)])))
            }
        }
        try addMatrix(
            weight(.attentionOutput), .attentionOutput, index, depth: heads.heads * heads.headSize, columns: d)
        if block.hasNormsAfter { try addNorm(weight(.postAttentionNorm), .postAttentionNorm, index) }
        if block.hasNormsBefore, !block.isParallel { try addNorm(weight(.feedForwardNorm), .feedForwardNorm, index) }
        if let mixture = block.feedForward.mixture {
            try add(mixture, index)
        } else {
            let width = block.feedForward.width
            try addGateUp(block.feedForward, index)
            try addMatrix(weight(.down), .down, index, depth: width, columns: d)
        }
        if block.hasNormsAfter { try addNorm(weight(.postFeedForwardNorm), .postFeedForwardNorm, index) }
    }

    /// Those of all layers, in the order in which the pool counts these.
    private mutating func addSinks() throws(ModelError) {
        let numbers = network.kvLayers
        var sinks: [VectorGroup.Piece] = []
        for index in network.blocks.indices.sorted(by: { numbers[$0] < numbers[$1] }) {
            let heads = network.blocks[index].attention
            guard heads.hasSinks else { continue }
            sinks.append(.elements(try finder.vector(.sinks, index, heads.heads)))
        }
        if !sinks.isEmpty { vectors.append((.sinks, VectorGroup(pieces: sinks))) }
    }

    /// One tensor for all three, or three tensors, which are packed together where they have one format.
    private mutating func addQueriesKeysValues(_ heads: AttentionLayer, _ index: Int) throws(ModelError) {
        let (q, kv, d) = (heads.heads * heads.headSize, heads.kvHeads * heads.headSize, network.embeddingLength)
        var parts: [Part]
        if finder.has(.qkv, index) {
            parts = try [0..<q, q..<q + kv, q + kv..<q + 2 * kv].map { rows throws(ModelError) in
                try finder.part(.qkv, index, depth: d, columns: q + 2 * kv, rows: rows)
            }
        } else {
            parts = [
                try finder.part(.query, index, depth: d, columns: q),
                try finder.part(.key, index, depth: d, columns: kv),
                try finder.part(.value, index, depth: d, columns: kv),
            ]
        }
        for place in 0..<2 { parts[place].setHalves(heads.halves) }
        for (number, group) in Part.joined(parts).enumerated() { matrices.append((.block(index, .qkv(number)), group)) }
    }

    /// Gate and up by turns where they have one format; both may stand in one tensor, the gate first.
    private mutating func addGateUp(_ feedForward: FeedForward, _ index: Int) throws(ModelError) {
        let d = network.embeddingLength, width = feedForward.width
        var parts: [Part]
        switch feedForward {
        case .mixture: preconditionFailure("experts are added on their own")
        case .plain: parts = [try finder.part(.up, index, depth: d, columns: width)]
        case .gated where finder.has(.gate, index):
            parts = [
                try finder.part(.gate, index, depth: d, columns: width),
                try finder.part(.up, index, depth: d, columns: width),
            ]
        case .gated:
            parts = try [0..<width, width..<2 * width].map { rows throws(ModelError) in
                try finder.part(.up, index, depth: d, columns: 2 * width, rows: rows)
            }
        }
        for (number, group) in Part.alternating(parts).enumerated() {
            matrices.append((.block(index, .gateUp(number)), group))
        }
    }

    /// The router, the experts one behind the other, and what rows share.
    private mutating func add(_ mixture: Mixture, _ index: Int) throws(ModelError) {
        let (d, width, experts) = (network.embeddingLength, mixture.width, mixture.experts)
        try addMatrix(.block(index, .router), .router, index, depth: d, columns: experts)
        var gates: [Part] = [], ups: [Part] = [], downs: [Part] = []
        let isJoined = finder.has(.expertGateUp, index)
        for expert in 0..<experts {
            func part(_ name: TensorName, depth: Int, columns: Int, _ rows: Range<Int>) throws(ModelError) -> Part {
                let first = expert * columns
                return try finder.part(
                    name, index, depth: depth, columns: columns,
                    rows: first + rows.lowerBound..<first + rows.upperBound, experts: experts)
            }
            let gate = isJoined ? TensorName.expertGateUp : .expertGate, up = isJoined ? gate : .expertUp
            let columns = isJoined ? 2 * width : width, first = isJoined ? width : 0
            gates.append(try part(gate, depth: d, columns: columns, 0..<width))
            ups.append(try part(up, depth: d, columns: columns, first..<first + width))
            downs.append(try part(.expertDown, depth: width, columns: d, 0..<d))
        }
        for (number, group) in Part.alternating(gates, ups).enumerated() {
            matrices.append((.block(index, .gateUp(number)), group))
        }
        matrices.append((.block(index, .down), Part.experts(downs)))
        guard let shared = mixture.shared else { return }
        let pair = [
            try finder.part(.sharedGate, index, depth: d, columns: shared.width),
            try finder.part(.sharedUp, index, depth: d, columns: shared.width),
        ]
        for (number, group) in Part.alternating(pair).enumerated() {
            matrices.append((.block(index, .sharedGateUp(number)), group))
        }
        try addMatrix(.block(index, .sharedDown), .sharedDown, index, depth: shared.width, columns: d)
        guard shared.isGated else { return }
        let row = try finder.vector(.sharedRouter, index, d)
        matrices.append((.block(index, .sharedRouter), TensorGroup(pieces: [.init(tensor: row.tensor, rows: 0..<1)])))
    }

    private mutating func addMatrix(
        _ weight: Weight, _ name: TensorName, _ index: Int? = nil, depth: Int, columns: Int, allowsBias: Bool = true
    ) throws(ModelError) {
        let part = try finder.part(name, index, depth: depth, columns: columns, allowsBias: allowsBias)
        matrices.append((weight, Part.joined([part])[0]))
    }

    private mutating func addNorm(_ weight: Weight, _ name: TensorName, _ index: Int? = nil) throws(ModelError) {
        let length = network.embeddingLength
        vectors.append((weight, VectorGroup(pieces: [.elements(try finder.vector(name, index, length))])))
        guard network.norm.kind == .layer, let bias = try finder.bias(name, index, [length]) else { return }
        vectors.append((.bias(of: weight), VectorGroup(pieces: [.elements(bias)])))
    }

    private mutating func addDivisors() throws(ModelError) {
        for rope in Set(network.blocks.compactMap(\.attention.rope)) {
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

/// A matrix's rows with the elements of its bias.
private struct Part {
    var rows: TensorPiece
    var bias: TensorPiece?

    mutating func setHalves(_ halves: TensorPiece.Halves?) {
        rows.halves = halves
        bias?.halves = halves
    }

    /// Gate and up by turns where they have one format, else one group of each; what stands alone stays so.
    static func alternating(_ parts: [Part]) -> [TensorGroup] {
        var groups = joined(parts)
        if parts.count == 2, groups.count == 1 { groups[0].arrangement = .alternating }
        return groups
    }

    /// The same of every expert.
    static func alternating(_ gates: [Part], _ ups: [Part]) -> [TensorGroup] {
        guard WeightFormat(gates[0].rows.tensor.type) == WeightFormat(ups[0].rows.tensor.type) else {
            return [experts(gates), experts(ups)]
        }
        var group = joined(zip(gates, ups).flatMap { [$0, $1] })[0]
        group.arrangement = .alternating
        group.experts = gates.count
        return [group]
    }

    /// A part of each expert, one behind the other.
    static func experts(_ parts: [Part]) -> TensorGroup {
        var group = joined(parts)[0]
        group.experts = parts.count
        return group
    }

    /// One group where all parts have one format, else one of each.
    static func joined(_ parts: [Part]) -> [TensorGroup] {
        guard Set(parts.map { WeightFormat($0.rows.tensor.type) }).count == 1 else {
            return parts.flatMap { joined([$0]) }
        }
        let biases = parts.map { part in
            part.bias.map { VectorGroup.Piece.elements($0) } ?? .zeros(part.rows.rows.count)
        }
        let hasBias = parts.contains { $0.bias != nil }
        return [TensorGroup(pieces: parts.map(\.rows), bias: hasBias ? VectorGroup(pieces: biases) : nil)]
    }
}

/// Looks tensors up by their families' names, refuses those of an unexpected shape, and remembers which were asked for.
private struct TensorFinder {
    private let file: GGUFFile
    private let network: Network
    private var used: Set<String> = []

    init(file: GGUFFile, network: Network) { (self.file, self.network) = (file, network) }

    func has(_ name: TensorName, _ block: Int?) -> Bool {
        file.tensorIfPresent("\(network.tensorName(name, block: block)).weight") != nil
    }

    mutating func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> GGUFTensor {
        let tensor: GGUFTensor
        do throws(GGUFError) { tensor = try file.tensor(name) } catch { throw .file(error) }
        guard tensor.shape == shape else {
            throw .unsupported(model: network.name, reason: "\(name) is \(tensor.shape), not \(shape)")
        }
        used.insert(name)
        return tensor
    }

    mutating func vector(
        _ name: TensorName, _ block: Int?, _ count: Int, halves: TensorPiece.Halves? = nil
    ) throws(ModelError) -> TensorPiece {
        TensorPiece(
            tensor: try tensor("\(network.tensorName(name, block: block)).weight", [count]), rows: 0..<count,
            halves: halves)
    }

    mutating func bias(_ name: TensorName, _ block: Int?, _ shape: [Int]) throws(ModelError) -> TensorPiece? {
        let name = "\(network.tensorName(name, block: block)).bias"
        guard file.tensorIfPresent(name) != nil else { return nil }
        return TensorPiece(tensor: try tensor(name, shape), rows: 0..<shape.reduce(1, *))
    }

    /// A matrix or some of its rows, with its bias where the file has one.
    ///
    /// - Parameters:
    ///   - rows: those of all experts one behind the other, where there are experts.
    ///   - experts: of each of which the tensor has a matrix; `nil` for a matrix.
    mutating func part(
        _ name: TensorName, _ block: Int?, depth: Int, columns: Int, rows: Range<Int>? = nil, experts: Int? = nil,
        allowsBias: Bool = true
    ) throws(ModelError) -> Part {
        let rows = rows ?? 0..<columns, inner = experts.map { [$0] } ?? []
        let matrix = try tensor("\(network.tensorName(name, block: block)).weight", [depth, columns] + inner)
        var bias = allowsBias ? try self.bias(name, block, [columns] + inner) : nil
        bias?.rows = rows
        return Part(rows: TensorPiece(tensor: matrix, rows: rows), bias: bias)
    }

    /// - Throws: `ModelError.unsupported` naming a tensor that nothing uses: it would change the result.
    func refuseUnused(layers: Int) throws(ModelError) {
        for tensor in file.tensors where !used.contains(tensor.name) {
            let name = tensor.name
            // Layers that predict further tokens, scales of inputs that only some kernels of others quantise, and what
            // follows from metadata.
            if name.hasSuffix(".input_scale") { continue }
            if name.hasSuffix(".rot_embd.freqs") || name.hasSuffix("rotary_emb.inv_freq") { continue }
            if name.hasPrefix("blk."), let layer = Int(name.dropFirst(4).prefix { $0 != "." }), layer >= layers {
                continue
            }
            throw .unsupported(model: network.name, reason: "\(name) is not supported in this family")
        }
    }
}
