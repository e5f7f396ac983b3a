package import Compute

/// A matrix product with one matrix of weights: `y = x w`, with what is done to each result on its way out.
///
/// One kernel for every tile height; the batch chooses among them. Only the lowest and the highest must be compiled:
/// the others are faster for what is between, to the same bit.
package struct MatMul: Sendable {
    package enum Epilogue: String, Sendable {
        case none = "NONE"
        /// Adds to what stands in `y`.
        case residual = "RESIDUAL"
        /// Columns of gate and up take turns: `silu(gate) * up`.
        case swiglu = "SWIGLU"
        /// `silu(y)` times the product: what `swiglu` is where gate and up are no one matrix.
        case gated = "GATED"
    }

    /// What is multiplied with the weights.
    package enum Rows: Sendable {
        /// `[rows][depth]`
        case floats(any Buffer)
        /// For weights in blocks.
        case bytes(QuantisedRows)
    }

    private let shapes: [LaunchShape]
    private let kernels: [KernelPromise]
    private let facts: DeviceFacts
    private let depth: Int
    private let columns: Int
    private let stride: Int
    private let offset: Int

    /// - Parameters:
    ///   - x: rows of the weights' depth
    ///   - y: `[rows][stride]` floats; this product fills `columns` of them from `offset` on. All three are multiples
    ///     of 4.
    package init(
        _ kernels: KernelSet, x: Rows, weights: DeviceWeights, y: any Buffer, columns: Int, stride: Int,
        offset: Int = 0, epilogue: Epilogue = .none
    ) throws(ComputeError) {
        depth = weights.shape.depth
        self.columns = columns / 4
        self.stride = stride / 4
        self.offset = offset / 4
        facts = kernels.facts
        let (rows, areBytes) =
            switch x {
            case .floats(let x): ([x], false)
            case .bytes(let x): ([x.bytes, x.scales], true)
            }
        let shapes = LaunchShape.products(
            weights.shape.format, depth: depth, columns: columns / 4, epilogue: epilogue, areBytes: areBytes,
            limits: kernels.limits, facts: kernels.facts)
        self.shapes = shapes
        self.kernels = try shapes.map { shape throws(ComputeError) in
            try kernels.promise(
                shape.kernel, shape.options, rows + [weights.words, weights.scalesArgument, y],
                groupSize: shape.groupSize, need: shape == shapes.first || shape == shapes.last ? .first : .later)
        }
    }

    /// The heights of tiles that a batch chooses among, ascending.
    package var heights: [Int] { shapes.map(\.height) }

    package func encode(_ commands: any Commands, rows: Int) {
        let place = LaunchShape.place(in: shapes, rows: rows, columns: columns, facts: facts) {
            kernels[$0].ifKept != nil
        }
        var parameters = Parameters()
        parameters.append(rows)
        parameters.append(depth)
        parameters.append(columns)
        parameters.append(stride)
        parameters.append(offset)
        commands.dispatch(kernels[place], parameters, tiles: shapes[place].tiles(rows: rows, columns: columns))
    }
}
