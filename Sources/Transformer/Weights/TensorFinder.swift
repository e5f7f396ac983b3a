import GGUF
import Kernels

/// A matrix's rows with the elements of its bias.
struct TensorPart {
    var rows: TensorPiece
    var bias: TensorPiece?

    mutating func setHalves(_ halves: TensorPiece.Halves?) {
        rows.halves = halves
        bias?.halves = halves
    }

    /// Gate and up by turns where they have one format, else one group of each; what stands alone stays so.
    static func alternating(_ parts: [TensorPart]) -> [TensorGroup] {
        var groups = joined(parts)
        if parts.count == 2, groups.count == 1 { groups[0].arrangement = .alternating }
        return groups
    }

    /// The same of every expert.
    static func alternating(_ gates: [TensorPart], _ ups: [TensorPart]) -> [TensorGroup] {
        guard WeightFormat(gates[0].rows.tensor.type) == WeightFormat(ups[0].rows.tensor.type) else {
            return [experts(gates), experts(ups)]
        }
        var group = joined(zip(gates, ups).flatMap { [$0, $1] })[0]
        group.arrangement = .alternating
        group.experts = gates.count
        return [group]
    }

    /// A part of each expert, one behind the other.
    static func experts(_ parts: [TensorPart]) -> TensorGroup {
        var group = joined(parts)[0]
        group.experts = parts.count
        return group
    }

    /// One group where all parts have one format, else one of each.
    static func joined(_ parts: [TensorPart]) -> [TensorGroup] {
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
struct TensorFinder {
    enum Source {
        case file(GGUFFile)
        /// Of a file that is still to be written: each tensor has the shape that it is asked for in. Those that files
        /// may have or not are there where they are named, without their blocks, with a shape.
        case wanted([String: [Int]])
    }

    private let source: Source
    private let network: Network
    private var used: Set<String> = []
    /// What was asked for, in this order.
    private(set) var found: [TensorLayout] = []

    init(_ source: Source, network: Network) { (self.source, self.network) = (source, network) }

    func has(_ name: TensorName, _ block: Int?) -> Bool {
        let full = "\(network.tensorName(name, block: block)).weight"
        if shape(of: full) != nil { return true }
        // What is to be written has a gate of its own, unless it is said to have none.
        guard case .wanted = source, name == .gate else { return false }
        return shape(of: "\(network.tensorName(.up, block: block)).weight") == nil
    }

    /// The format of a tensor that is asked for later; `nil` where the file has none of that name.
    func format(_ name: TensorName, _ block: Int?) -> WeightFormat? {
        guard case .file(let file) = source else { return nil }
        return file.tensorIfPresent("\(network.tensorName(name, block: block)).weight").map { WeightFormat($0.type) }
    }

    /// Of a tensor that need not be there.
    private func shape(of name: String) -> [Int]? {
        switch source {
        case .file(let file): file.tensorIfPresent(name)?.shape
        case .wanted(let shapes): shapes[Self.withoutBlock(name)]
        }
    }

    /// A tensor's name without the block that it belongs to.
    static func withoutBlock(_ name: String) -> String {
        guard name.hasPrefix("blk.") else { return name }
        return String(name.dropFirst(4).drop { $0 != "." }.dropFirst())
    }

    mutating func tensor(_ name: String, _ shape: [Int]) throws(ModelError) -> GGUFTensor {
        let tensor: GGUFTensor
        do throws(GGUFError) {
            switch source {
            case .file(let file): tensor = try file.tensor(name)
            case .wanted: tensor = GGUFTensor(toWrite: try TensorLayout(name: name, shape: shape, type: .f32))
            }
        } catch { throw .file(error) }
        guard tensor.shape == shape else {
            throw .unsupported(model: network.name, reason: "\(name) is \(tensor.shape), not \(shape)")
        }
        if used.insert(name).inserted { found.append(tensor.layout) }
        return tensor
    }

    mutating func tensorIfPresent(_ name: String, _ shape: [Int]) throws(ModelError) -> GGUFTensor? {
        self.shape(of: name) == nil ? nil : try tensor(name, shape)
    }

    /// Counts a tensor as used that nothing needs.
    mutating func ignore(_ name: TensorName) {
        for suffix in ["weight", "bias"] { used.insert("\(network.tensorName(name)).\(suffix)") }
    }

    /// The first of a table's rows, of which there may be any number.
    mutating func firstRow(_ name: TensorName, length: Int) throws(ModelError) -> TensorPiece {
        let name = "\(network.tensorName(name)).weight"
        let rows = shape(of: name)?.dropFirst() ?? []
        return TensorPiece(tensor: try tensor(name, [length] + rows), rows: 0..<length)
    }

    mutating func vector(
        _ name: TensorName, _ block: Int?, _ count: Int, halves: TensorPiece.Halves? = nil
    ) throws(ModelError) -> TensorPiece {
        TensorPiece(
            tensor: try tensor("\(network.tensorName(name, block: block)).weight", [count]), rows: 0..<count,
            halves: halves)
    }

    /// All elements of a tensor, as a vector.
    mutating func elements(_ name: String, _ shape: [Int]) throws(ModelError) -> TensorPiece {
        TensorPiece(tensor: try tensor(name, shape), rows: 0..<shape.reduce(1, *))
    }

    mutating func bias(_ name: TensorName, _ block: Int?, _ shape: [Int]) throws(ModelError) -> TensorPiece? {
        let name = "\(network.tensorName(name, block: block)).bias"
        guard self.shape(of: name) != nil else { return nil }
        return try elements(name, shape)
    }

    /// A matrix or some of its rows, with its bias where the file has one.
    ///
    /// - Parameters:
    ///   - rows: those of all experts one behind the other, where there are experts.
    ///   - experts: of each of which the tensor has a matrix; `nil` for a matrix.
    mutating func part(
        _ name: TensorName, _ block: Int?, depth: Int, columns: Int, rows: Range<Int>? = nil, experts: Int? = nil,
        allowsBias: Bool = true
    ) throws(ModelError) -> TensorPart {
        let rows = rows ?? 0..<columns, inner = experts.map { [$0] } ?? []
        let matrix = try tensor("\(network.tensorName(name, block: block)).weight", [depth, columns] + inner)
        var bias = allowsBias ? try self.bias(name, block, [columns] + inner) : nil
        bias?.rows = rows
        return TensorPart(rows: TensorPiece(tensor: matrix, rows: rows), bias: bias)
    }

    /// - Throws: `ModelError.unsupported` naming a tensor that nothing uses: it would change the result.
    func refuseUnused(layers: Int) throws(ModelError) {
        guard case .file(let file) = source else { return }
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
