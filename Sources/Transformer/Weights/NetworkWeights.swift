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

    let network: Network
    /// What stands behind pooled rows, on the host.
    let head: PoolingHead?
    /// The positions that have rotations.
    let contextLength: Int
    private let matrices: [Weight: Matrix]
    private let vectors: [Weight: any Buffer]
    /// `[context][paddedRotated / 2]` pairs of cosine and sine.
    private let rotations: [Rope: any Buffer]

    /// Shows the packed weights to a device: where they stand if it can work there, else in a copy of its own.
    /// - Throws: `ComputeError.outOfMemory`, `failed`.
    package init(_ packed: PackedWeights, contextLength: Int, on device: any Device) throws(ComputeError) {
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
        network = packed.network
        head = packed.head
        self.contextLength = contextLength
        var matrices: [Weight: Matrix] = [:]
        for (weight, matrix) in packed.layout.matrices {
            let label = matrix.source.name
            let weights = DeviceWeights(
                shape: matrix.shape, words: try show(matrix.words, label),
                scales: try showIfPresent(matrix.scales, "\(label) scales"))
            matrices[weight] = Matrix(
                weights: weights, bias: try showIfPresent(matrix.bias, "\(label) bias"),
                columns: matrix.source.columns)
        }
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

extension Rope {
    fileprivate func divisors(for contextLength: Int) -> RopeDivisors? {
        switch divisors {
        case .none: nil
        case .given: .given
        case .beyond(let context): contextLength > context ? .long : .short
        }
    }
}
