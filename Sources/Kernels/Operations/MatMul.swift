package import Compute

/// A matrix product with one matrix of weights: `y = x w`, with what is done to each result on its way out.
///
/// One kernel for every tile height; the batch chooses among them. Only the lowest and the highest must be compiled:
/// the others are faster for what is between, to the same bit.
package struct MatMul: Sendable {
    /// What is multiplied with the weights.
    package enum Rows: Sendable {
        /// `[rows][depth]`
        case floats(any Buffer)
        /// For weights in blocks.
        case bytes(QuantisedRows)

        /// Rows of bytes that make one; 0 where they are floats.
        var terms: Int {
            switch self {
            case .floats: 0
            case .bytes(let rows): rows.terms
            }
        }

        var buffers: [any Buffer] {
            switch self {
            case .floats(let x): [x]
            case .bytes(let rows): [rows.bytes, rows.scales]
            }
        }
    }

    private let shapes: [LaunchShape]
    private let kernels: [KernelPromise]
    private let facts: DeviceFacts
    private let depth: Int
    private let columns: Int
    private let stride: Int
    private let offset: Int
    private let terms: Int
    private let epilogue: Epilogue

    /// - Parameters:
    ///   - x: rows of the weights' depth
    ///   - bias: `[columns]` floats, added before all else; `[2][columns]` for a paired product, the gate's first
    ///   - y: `[rows][stride]` floats; this product fills `columns` of them from `offset` on. All three are multiples
    ///     of 4.
    package init(
        _ kernels: KernelSet, x: Rows, weights: DeviceWeights, bias: (any Buffer)? = nil, y: any Buffer, columns: Int,
        stride: Int, offset: Int = 0, epilogue: Epilogue = .none
    ) throws(ComputeError) {
        depth = weights.shape.depth
        self.columns = columns / 4
        self.stride = stride / 4
        self.offset = offset / 4
        facts = kernels.facts
        terms = x.terms
        self.epilogue = epilogue
        let shapes = LaunchShape.products(
            weights.shape.format, depth: depth, columns: columns / 4, epilogue: epilogue, terms: terms,
            limits: kernels.limits, facts: kernels.facts)
        self.shapes = shapes
        let options = epilogue.options.merging(["BIAS": bias == nil ? "0" : "1"]) { $1 }
        let buffers = x.buffers + [weights.words, weights.scalesArgument, bias ?? kernels.nothing, y]
        self.kernels = try shapes.map { shape throws(ComputeError) in
            try kernels.promise(
                shape.kernel, shape.options.merging(options) { $1 }, buffers, groupSize: shape.groupSize,
                need: shape == shapes.first || shape == shapes.last ? .first : .later)
        }
    }

    /// The heights of tiles that a batch chooses among, ascending.
    package var heights: [Int] { shapes.map(\.height) }

    package func encode(_ commands: any Commands, rows: Int) {
        let place = LaunchShape.place(in: shapes, rows: rows, columns: columns, facts: facts) {
            kernels[$0].ifKept != nil
        }
        var parameters = Parameters()
        parameters.append(rows * max(1, terms))
        parameters.append(depth)
        parameters.append(columns)
        parameters.append(stride)
        parameters.append(offset)
        parameters.append(epilogue.scale)
        parameters.append(epilogue.cap ?? 0)
        commands.dispatch(kernels[place], parameters, tiles: shapes[place].tiles(rows: rows, columns: columns))
    }
}
