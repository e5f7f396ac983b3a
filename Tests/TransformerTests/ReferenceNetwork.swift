import Foundation
import GGUF
import Kernels
import Quantities
import Transformer

/// A network of any family in plain Swift and double precision, one sequence, all keys kept: what the device's forward
/// pass is compared with. It reads tensors where the file has them and knows nothing of how they are packed.
struct ReferenceNetwork {
    let file: GGUFFile
    let network: Network
    private let kv: KVType
    private let contextLength: Int
    private let takesGeluFromHalves: Bool

    /// - Parameters:
    ///   - kv: in q8_0 keys and values are rounded as pages round them; halves are left exact.
    ///   - takesGeluFromHalves: whether gelu is taken of a half and rounded to one, as llama.cpp's CPU kernels do.
    init(_ file: GGUFFile, kv: KVType = .f32, takesGeluFromHalves: Bool = false) throws {
        self.file = file
        self.kv = kv
        self.takesGeluFromHalves = takesGeluFromHalves
        network = try Network(file)
        contextLength = network.contextLength
    }

    var hasGelu: Bool { network.blocks.contains { $0.feedForward.activation == .gelu } }

    /// Logits `[vocabularySize]` after each of `tokens`.
    func logits(_ tokens: [Int32]) throws -> [[Double]] {
        let name = network.output.isTied ? TensorName.embedding : .output
        return try product(rows(tokens), name).map { row in
            row.map { logit in
                let logit = logit * Double(network.output.scale)
                return network.output.cap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
            }
        }
    }

    /// The last rows `[embeddingLength]` of `tokens`, normalised.
    func rows(_ tokens: [Int32]) throws -> [[Double]] {
        let embedding = try matrix("\(network.tensorName(.embedding)).weight")
        var x = tokens.map { embedding[Int($0)].map { $0 * Double(network.embeddingScale) } }
        if let added = network.added {
            if added.hasType { add(Array(repeating: try matrix("token_types.weight")[0], count: x.count), 1, to: &x) }
            if added.hasPositions { add(Array(try matrix("position_embd.weight")[..<x.count]), 1, to: &x) }
        }
        if network.hasEmbeddingNorm { x = try normed(x, .embeddingNorm) }
        for (index, block) in network.blocks.enumerated() { try run(block, index, &x) }
        return network.blocks.contains(where: \.normalisesSums) ? x : try normed(x, .outputNorm)
    }

    /// What stands behind pooled rows, of each of `rows`.
    func headed(_ rows: [[Double]]) throws -> [[Double]] {
        try (network.pooling?.layers ?? []).reduce(rows) { rows, layer in
            let rows = try product(rows, named: layer.name)
            return layer.isBent ? rows.map { $0.map { tanh($0) } } : rows
        }
    }

    private func run(_ block: Block, _ index: Int, _ x: inout [[Double]]) throws {
        let incoming = block.hasNormsBefore ? try normed(x, .mixerNorm, index) : x
        var branch =
            switch block.mixer {
            case .attention(let heads): try attention(heads, incoming, index)
            case .recurrent(let layer): try recurrent(layer, incoming, index)
            }
        if block.hasNormsAfter { branch = try normed(branch, .postMixerNorm, index) }
        let before = x
        add(branch, block.residualScale, to: &x)
        if block.normalisesSums { x = try normed(x, .postMixerNorm, index) }
        let inner =
            block.isParallel
            ? try normed(before, .mixerNorm, index)
            : block.hasNormsBefore ? try normed(x, .feedForwardNorm, index) : x
        branch = try feedForward(block.feedForward, inner, index)
        if block.hasNormsAfter { branch = try normed(branch, .postFeedForwardNorm, index) }
        add(branch, block.residualScale, to: &x)
        if block.normalisesSums { x = try normed(x, .postFeedForwardNorm, index) }
    }

    // MARK: - Attention

    private func attention(_ heads: AttentionLayer, _ x: [[Double]], _ index: Int) throws -> [[Double]] {
        let (q, kvSize) = (heads.heads * heads.headSize, heads.kvHeads * heads.headSize)
        var rows: [[Double]], gates: [[Double]]?
        if heads.isGated {
            // Of each head first the query, then the gate.
            let pairs = try product(x, .query, index).map { cut($0[...], heads.headSize) }
            func every(_ first: Int) -> [[Double]] {
                pairs.map { pairs in stride(from: first, to: pairs.count, by: 2).flatMap { pairs[$0] } }
            }
            gates = every(1)
            rows = zip(zip(every(0), try product(x, .key, index)), try product(x, .value, index)).map {
                $0.0 + $0.1 + $1
            }
        } else if file.tensorIfPresent("\(network.tensorName(.qkv, block: index)).weight") != nil {
            rows = try product(x, .qkv, index)
        } else {
            rows = zip(
                zip(try product(x, .query, index), try product(x, .key, index)), try product(x, .value, index)
            ).map { $0.0 + $0.1 + $1 }
        }
        let angles = try heads.rope.map { ($0, try frequencies($0)) }
        var (queries, keys, values): ([[[Double]]], [[[Double]]], [[[Double]]]) = ([], [], [])
        for (position, row) in rows.enumerated() {
            var query = cut(row[..<q], heads.headSize)
            var key = cut(row[q..<q + kvSize], heads.headSize)
            query = try headNormed(query, heads.norms, .queryNorm, index)
            key = try headNormed(key, heads.norms, .keyNorm, index)
            if let (rope, frequencies) = angles {
                let scale = rope.queryScale(at: position)
                query = query.map { turned($0, rope, frequencies, position).map { $0 * scale } }
                key = key.map { turned($0, rope, frequencies, position) }
            }
            queries.append(query)
            keys.append(key.map(kept))
            values.append(cut(row[(q + kvSize)...], heads.headSize).map(kept))
        }
        let sinks = heads.hasSinks ? try vector("\(network.tensorName(.sinks, block: index)).weight") : nil
        var mixed = queries.indices.map { position in
            let tokens = heads.mask.tokens(at: position, of: rows.count)
            return (0..<heads.heads).flatMap { head in
                let shared = head / (heads.heads / heads.kvHeads)
                return attend(
                    queries[position][head], keys[tokens].map { $0[shared] }, values[tokens].map { $0[shared] }, heads,
                    sink: sinks?[head])
            }
        }
        if let gates {
            mixed = zip(mixed, gates).map { zip($0, $1).map { $0 / (1 + exp(-$1)) } }
        }
        return try product(mixed, .attentionOutput, index)
    }

    private func attend(
        _ query: [Double], _ keys: [[Double]], _ values: [[Double]], _ heads: AttentionLayer, sink: Double?
    ) -> [Double] {
        let scores = keys.map { key in
            let score = zip(query, key).reduce(0) { $0 + $1.0 * $1.1 } * Double(heads.scale)
            return heads.cap.map { Double($0) * tanh(score / Double($0)) } ?? score
        }
        let most = max(scores.max() ?? 0, sink ?? -.infinity)
        let weights = scores.map { exp($0 - most) }
        let total = weights.reduce(sink.map { exp($0 - most) } ?? 0, +)
        var sum = [Double](repeating: 0, count: heads.headSize)
        for (weight, value) in zip(weights, values) {
            for element in sum.indices { sum[element] += weight / total * value[element] }
        }
        return sum
    }

    private func headNormed(
        _ heads: [[Double]], _ norms: AttentionLayer.Norms, _ name: TensorName, _ index: Int
    ) throws -> [[Double]] {
        guard norms != .none else { return heads }
        let weight = try vector("\(network.tensorName(name, block: index)).weight")
        if norms == .eachHead { return heads.map { rms($0, weight) } }
        return cut(rms(heads.flatMap { $0 }, weight)[...], heads[0].count)
    }

    private func turned(_ head: [Double], _ rope: Rope, _ frequencies: [Double], _ position: Int) -> [Double] {
        var head = head
        for (pair, frequency) in frequencies.enumerated() {
            let (i, j) =
                rope.pairs == .neighbours ? (2 * pair, 2 * pair + 1) : (pair, pair + rope.rotated / 2)
            let angle = Double(position) * frequency, (a, b) = (head[i], head[j])
            head[i] = (a * cos(angle) - b * sin(angle)) * Double(rope.magnitude)
            head[j] = (a * sin(angle) + b * cos(angle)) * Double(rope.magnitude)
        }
        return head
    }

    private func frequencies(_ rope: Rope) throws -> [Double] {
        let name: String? =
            switch rope.divisors {
            case .none: nil
            case .given: "rope_freqs.weight"
            case .beyond(let context):
                contextLength > context ? "rope_factors_long.weight" : "rope_factors_short.weight"
            }
        return rope.frequencies(divisors: try name.map { try vector($0).map { Float($0) } })
    }

    /// Blocks of 32 as whole multiples, up to 127, of a float whose lower half is zero.
    private func kept(_ vector: [Double]) -> [Double] {
        guard kv == .q8_0 else { return vector }
        return stride(from: 0, to: vector.count, by: 32).flatMap { start in
            let block = vector[start..<min(start + 32, vector.count)].map { Float($0) }
            let most = block.reduce(0) { max($0, abs($1)) }
            let scale = Float(bitPattern: ((most / 127).bitPattern + 0xffff) & 0xffff_0000)
            return block.map { scale == 0 ? 0 : Double(($0 / scale).rounded(.toNearestOrEven) * scale) }
        }
    }

    // MARK: - Feed-forward

    private func feedForward(_ feedForward: FeedForward, _ x: [[Double]], _ index: Int) throws -> [[Double]] {
        if let mixture = feedForward.mixture { return try self.mixture(mixture, x, index) }
        var up = try product(x, .up, index)
        switch feedForward {
        case .mixture: break
        case .plain(let activation, _): up = up.map { $0.map { self.activation(activation, $0, 1) } }
        case .gated(let activation, let width):
            let gate: [[Double]]
            if file.tensorIfPresent("\(network.tensorName(.gate, block: index)).weight") != nil {
                gate = try product(x, .gate, index)
            } else {
                gate = up.map { Array($0[..<width]) }
                up = up.map { Array($0[width...]) }
            }
            up = zip(gate, up).map { zip($0, $1).map { self.activation(activation, $0, $1) } }
        }
        return try product(up, .down, index)
    }

    private func mixture(_ mixture: Mixture, _ x: [[Double]], _ index: Int) throws -> [[Double]] {
        let logits = try product(x, .router, index)
        let expert = try experts(mixture, index)
        let shared = try mixture.shared.map { shared in
            let gate = try product(x, .sharedGate, index), up = try product(x, .sharedUp, index)
            let inner = zip(gate, up).map { zip($0, $1).map { activation(mixture.activation, $0, $1) } }
            let rows = try product(inner, .sharedDown, index)
            guard shared.isGated else { return rows }
            let row = try vector("\(network.tensorName(.sharedRouter, block: index)).weight")
            return zip(rows, x).map { rows, x in
                let share = 1 / (1 + exp(-zip(row, x).reduce(0) { $0 + $1.0 * $1.1 }))
                return rows.map { $0 * share }
            }
        }
        return x.indices.map { row in
            let order = logits[row].indices.sorted { (logits[row][$1], $0) < (logits[row][$0], $1) }
            let chosen = Array(order.prefix(mixture.used)), most = logits[row].max() ?? 0
            let powers = logits[row].map { exp($0 - most) }
            let total = mixture.isNormalised ? chosen.reduce(0) { $0 + powers[$1] } : powers.reduce(0, +)
            var sum = shared?[row] ?? [Double](repeating: 0, count: network.embeddingLength)
            for number in chosen {
                for (element, value) in expert(number, x[row]).enumerated() {
                    sum[element] += powers[number] / total * value
                }
            }
            return sum
        }
    }

    /// What an expert makes of a row.
    private func experts(_ mixture: Mixture, _ index: Int) throws -> (Int, [Double]) -> [Double] {
        func matrices(_ name: TensorName) throws -> (weights: [[Double]], bias: [Double]?) {
            let name = network.tensorName(name, block: index)
            let bias = file.tensorIfPresent("\(name).bias")
            return (
                try matrix("\(name).weight"),
                try bias.map { try $0.floats(rows: 0..<$0.layout.rowCount).map { Double($0) } }
            )
        }
        let (gate, up, down) = (try matrices(.expertGate), try matrices(.expertUp), try matrices(.expertDown))
        func product(_ matrix: (weights: [[Double]], bias: [Double]?), _ rows: Range<Int>, _ x: [Double]) -> [Double] {
            rows.map { row in
                zip(matrix.weights[row], x).reduce(matrix.bias?[row] ?? 0) { $0 + $1.0 * $1.1 }
            }
        }
        return { [network] expert, x in
            let inner = expert * mixture.width..<(expert + 1) * mixture.width
            let gated = zip(product(gate, inner, x), product(up, inner, x)).map {
                activation(mixture.activation, $0, $1)
            }
            let length = network.embeddingLength
            return product(down, expert * length..<(expert + 1) * length, gated)
        }
    }

    private func activation(_ activation: Activation, _ gate: Double, _ up: Double) -> Double {
        guard takesGeluFromHalves, activation == .gelu, abs(gate) < 10 else { return activation.reference(gate, up) }
        return Double(Float16(activation.reference(Double(Float16(gate)), 1))) * up
    }

    // MARK: - Rows

    private func normed(_ x: [[Double]], _ name: TensorName, _ index: Int? = nil) throws -> [[Double]] {
        let name = network.tensorName(name, block: index)
        let weight = try vector("\(name).weight")
        guard network.norm.kind == .layer else { return x.map { rms($0, weight) } }
        let bias = file.tensorIfPresent("\(name).bias") == nil ? nil : try vector("\(name).bias")
        return x.map { row in
            let mean = row.reduce(0, +) / Double(row.count)
            let centred = rms(row.map { $0 - mean }, weight)
            return bias.map { zip(centred, $0).map { $0 + $1 } } ?? centred
        }
    }

    func rms(_ x: [Double], _ weight: [Double]) -> [Double] {
        let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
        let scale = 1 / (mean + Double(network.norm.epsilon)).squareRoot()
        return zip(x, weight).map { $0 * scale * $1 }
    }

    func product(_ x: [[Double]], _ name: TensorName, _ index: Int? = nil) throws -> [[Double]] {
        try product(x, named: network.tensorName(name, block: index))
    }

    private func product(_ x: [[Double]], named name: String) throws -> [[Double]] {
        let rows = try matrix("\(name).weight")
        let bias =
            file.tensorIfPresent("\(name).bias") == nil
            ? [Double](repeating: 0, count: rows.count) : try vector("\(name).bias")
        return x.map { x in
            zip(rows, bias).map { row, bias in
                var sum = bias
                for index in row.indices { sum += row[index] * x[index] }
                return sum
            }
        }
    }

    /// `[rows][row length]`
    func matrix(_ name: String) throws -> [[Double]] {
        let tensor = try file.tensor(name)
        let values = try tensor.floats(rows: 0..<tensor.layout.rowCount)
        return cut(values.map { Double($0) }[...], tensor.layout.rowLength)
    }

    func vector(_ name: String) throws -> [Double] {
        let tensor = try file.tensor(name)
        return try tensor.floats(rows: 0..<tensor.layout.rowCount).map { Double($0) }
    }

    func cut(_ values: ArraySlice<Double>, _ length: Int) -> [[Double]] {
        stride(from: values.startIndex, to: values.endIndex, by: length).map { Array(values[$0..<$0 + length]) }
    }

    private func add(_ y: [[Double]], _ scale: Float, to x: inout [[Double]]) {
        for row in x.indices { for element in x[row].indices { x[row][element] += Double(scale) * y[row][element] } }
    }
}

extension Activation {
    fileprivate func reference(_ gate: Double, _ up: Double) -> Double {
        func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        switch self {
        case .silu: return gate * sigmoid(gate) * up
        case .gelu: return gate / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (gate + 0.044715 * pow(gate, 3)))) * up
        case .squaredRelu: return pow(max(gate, 0), 2) * up
        case .clampedSilu:
            let gate = min(gate, 7)
            return gate * sigmoid(1.702 * gate) * (min(7, max(-7, up)) + 1)
        }
    }
}
