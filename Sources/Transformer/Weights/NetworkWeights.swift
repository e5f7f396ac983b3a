package import Compute
import Kernels

/// A network's weights on a device and its parts.
package struct NetworkWeights: Sendable {
    struct Matrix: Sendable {
        var weights: DeviceWeights
        var bias: (any Buffer)?
        /// Columns that are no padding.
        var columns: Int
    }

    /// What makes logits of some tokens.
    struct Output: Sendable {
        var weights: DeviceWeights
        var bias: (any Buffer)?
        var columns: Range<Int>
    }

    let network: Network
    /// What stands behind pooled rows, on the host.
    let head: PoolingHead?
    /// The positions that have rotations.
    let contextLength: Int
    /// The output matrix: of a network that is cut, what the device's shards have of it.
    let output: [Output]
    private let matrices: [Weight: Matrix]
    private let vectors: [Weight: any Buffer]
    /// `[context][paddedRotated / 2]` pairs of cosine and sine.
    private let rotations: [Rope: any Buffer]

    /// Shows the packed weights to a device, or those of its shards: where they stand if it can work there, else in a
    /// copy of its own.
    ///
    /// - Parameter rank: of the device among `ranks` that compute the network together.
    /// - Throws: `ComputeError.outOfMemory`, `failed`.
    package init(
        _ packed: PackedWeights, contextLength: Int, rank: Int = 0, of ranks: Int = 1, on device: any Device
    ) throws(ComputeError) {
        let memory = packed.memory
        func show(_ range: Range<Int>, _ label: String) throws(ComputeError) -> any Buffer {
            if device.limits.importsHostMemory { return try device.makeBuffer(over: memory, range, label: label) }
            let buffer = try device.makeBuffer(byteCount: range.count, access: .device, label: label)
            try buffer.write(UnsafeRawBufferPointer(rebasing: memory.bytes[range]), at: 0)
            return buffer
        }
        func showIfPresent(_ range: Range<Int>?, _ label: String) throws(ComputeError) -> (any Buffer)? {
            if let range { try show(range, label) } else { nil }
        }
        var network = packed.network
        (network.shards.rank, network.shards.ranks) = (rank, ranks)
        self.network = network
        head = packed.head
        self.contextLength = contextLength
        var matrices: [Weight: Matrix] = [:]
        var output: [Output] = []
        for (weight, matrix) in packed.layout.matrices where weight.isHeld(network.shards.held) {
            if network.shards.count > 1, weight == network.outputWeight {
                for view in matrix.views(network.shards) {
                    let weights = DeviceWeights(
                        shape: view.shape, words: try show(view.words, "output"),
                        scales: try showIfPresent(view.scales, "output scales"))
                    let bias = try showIfPresent(view.bias, "output bias")
                    output.append(Output(weights: weights, bias: bias, columns: view.columns))
                }
                if weight == .output { continue }
            }
            let label = matrix.source.name
            let weights = DeviceWeights(
                shape: matrix.shape, words: try show(matrix.words, label),
                scales: try showIfPresent(matrix.scales, "\(label) scales"))
            matrices[weight] = Matrix(
                weights: weights, bias: try showIfPresent(matrix.bias, "\(label) bias"),
                columns: matrix.source.columns)
        }
        if network.shards.count == 1, let matrix = matrices[network.outputWeight] {
            output = [Output(weights: matrix.weights, bias: matrix.bias, columns: 0..<matrix.columns)]
        }
        self.output = output
        self.matrices = matrices
        var vectors: [Weight: any Buffer] = [:]
        for (weight, vector) in packed.layout.vectors { vectors[weight] = try show(vector.floats, "\(weight)") }
        self.vectors = vectors
        var rotations: [Rope: any Buffer] = [:]
        for rope in packed.network.blocks.compactMap(\.attention?.rope).flatMap({ [$0, $0.ofKeys] })
        where rotations[rope] == nil {
            let divisors = rope.divisors(for: contextLength).flatMap { packed.divisors[$0] }
            let table = rope.table(contextLength: contextLength, divisors: divisors)
            let buffer = try device.makeBuffer(byteCount: 4 * table.count, access: .device, label: "rotations")
            try buffer.write(table)
            rotations[rope] = buffer
        }
        self.rotations = rotations
    }

    /// The weight, which a network that asks for it has.
    subscript(matrix weight: Weight) -> Matrix {
        guard let matrix = matrices[weight] else { preconditionFailure("no matrix \(weight)") }
        return matrix
    }

    /// The parts of a matrix that was packed in one or in several.
    func matrices(_ part: (Int) -> Weight) -> [Matrix] {
        var found: [Matrix] = []
        while let matrix = matrices[part(found.count)] { found.append(matrix) }
        return found
    }

    subscript(vector weight: Weight) -> any Buffer {
        guard let vector = vectors[weight] else { preconditionFailure("no vector \(weight)") }
        return vector
    }

    /// A vector that not every network has.
    func vectorIfPresent(_ weight: Weight) -> (any Buffer)? { vectors[weight] }

    func rotations(_ rope: Rope) -> any Buffer {
        guard let table = rotations[rope] else { preconditionFailure("no rotations \(rope)") }
        return table
    }
}

extension Network {
    fileprivate var outputWeight: Weight { output.isTied ? .embedding : .output }
}

extension PackedMatrix {
    /// A part of the matrix that begins with a panel, and where all that belongs to it begins with a page.
    fileprivate struct View {
        var shape: PanelShape
        var columns: Range<Int>
        var words: Range<Int>
        var scales: Range<Int>?
        var bias: Range<Int>?
    }

    /// The columns of each shard that is held, unless it has none.
    fileprivate func views(_ shards: Shards) -> [View] {
        let width = shape.layout.width, panel = shape.weightByteCount / shape.panels
        let panelScales = shape.scaleByteCount / shape.panels
        // Panels whose bytes are whole pages: as many as what a page has more factors of two than a panel's bytes.
        let pageTwos = HostMemory.alignment.trailingZeroBitCount
        let grain = [panel, panelScales, bias == nil ? 0 : 4 * width].reduce(1) { grain, bytes in
            bytes == 0 ? grain : max(grain, 1 << max(0, pageTwos - bytes.trailingZeroBitCount))
        }
        let padded = (shape.panels + grain - 1) / grain * grain
        return shards.held.compactMap { shard in
            let part = shards.part(shard, of: padded, grain: grain)
            let panels = part.lowerBound..<min(part.upperBound, shape.panels)
            let columns = width * panels.lowerBound..<min(width * panels.upperBound, source.columns)
            guard !columns.isEmpty else { return nil }
            func bytes(_ all: Range<Int>, each: Int) -> Range<Int> {
                all.lowerBound + each * panels.lowerBound..<all.lowerBound + each * panels.upperBound
            }
            return View(
                shape: PanelShape(format: shape.format, depth: shape.depth, panels: panels.count, layout: shape.layout),
                columns: columns, words: bytes(words, each: panel),
                scales: scales.map { bytes($0, each: panelScales) },
                bias: bias.map { bytes($0, each: 4 * width).clamped(to: $0) })
        }
    }
}

extension Rope {
    fileprivate func divisors(for contextLength: Int) -> RopeDivisors? {
        switch divisors {
        case .none: nil
        case .given: .given
        case .beyond(let context): contextLength > context ? .long : .short
        }
    }
}
