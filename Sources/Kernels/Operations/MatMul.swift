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

    /// What is multiplied, but for the experts that there are.
    package let product: MatrixProduct
    private let shapes: [LaunchShape]
    private let kernels: [KernelPromise]
    private let facts: DeviceFacts
    private let depth: Int
    private let columns: Int
    private let stride: Int
    private let offset: Int
    private let terms: Int
    private let epilogue: Epilogue
    private let experts: Experts?
    /// Panels of an expert's matrix.
    private let panels: Int

    /// Several matrices, one behind the other, of which a row meets those that it is routed to.
    package struct Experts: Sendable {
        package var routing: ExpertRouting
        /// Whether `x` has a row for each slot, and not one for all slots of a row.
        package var takesSlots: Bool

        package init(_ routing: ExpertRouting, takesSlots: Bool) {
            self.routing = routing
            self.takesSlots = takesSlots
        }
    }

    /// - Parameters:
    ///   - x: rows of the weights' depth
    ///   - bias: `[columns]` floats, added before all else; `[2][columns]` for a paired product, the gate's first
    ///   - y: `[rows][stride]` floats; this product fills `columns` of them from `offset` on. All three are multiples
    ///     of 4.
    ///   - experts: of the matrices that `weights` has, and `bias`; `x` has floats then, and `y` a row for each slot.
    ///     Their shapes are the default: their routing needs tiles of its own heights.
    ///   - choice: to measure or test with; by default what the kernels' tuning has.
    package init(
        _ kernels: KernelSet, x: Rows, weights: DeviceWeights, bias: (any Buffer)? = nil, y: any Buffer, columns: Int,
        stride: Int, offset: Int = 0, epilogue: Epilogue = .none, experts: Experts? = nil, choice: ShapeChoice? = nil
    ) throws(ComputeError) {
        depth = weights.shape.depth
        self.columns = columns / 4
        self.stride = stride / 4
        self.offset = offset / 4
        facts = kernels.facts
        terms = x.terms
        self.epilogue = epilogue
        self.experts = experts
        panels = weights.shape.panels / (experts?.routing.choice.experts ?? 1)
        product = MatrixProduct(
            weights.shape.format, depth: depth, columns: columns, isPaired: epilogue.isPaired, terms: terms)
        let all = product.shapes(
            experts == nil ? choice ?? kernels.tuning[product] : ShapeChoice(), limits: kernels.limits,
            facts: kernels.facts)
        let shapes = experts == nil ? all : Self.shapes(of: all, for: ExpertRouting.heights(kernels.limits))
        self.shapes = shapes
        let own = ["BIAS": bias == nil ? "0" : "1", "EXPERTS": experts == nil ? "0" : "1"]
        let options = epilogue.options.merging(own) { $1 }
        // Those of bytes have no room for a seventh buffer on every device.
        precondition(experts == nil || terms == 0, "experts take floats")
        let places = terms > 0 ? [] : [experts?.routing.lists.places ?? kernels.nothing]
        let buffers = x.buffers + [weights.words, weights.scalesArgument, bias ?? kernels.nothing] + places + [y]
        self.kernels = try shapes.map { shape throws(ComputeError) in
            try kernels.promise(
                shape.kernel, shape.options.merging(options) { $1 }, buffers, groupSize: shape.groupSize,
                need: experts != nil || shape == shapes.first || shape == shapes.last ? .first : .later)
        }
    }

    /// The heights of tiles that a batch chooses among, ascending.
    package var heights: [Int] { shapes.map(\.height) }

    /// The lowest shape for tiles of each height.
    private static func shapes(of all: [LaunchShape], for heights: [Int]) -> [LaunchShape] {
        heights.reduce(into: []) { shapes, height in
            guard let shape = all.first(where: { $0.height >= height }) else {
                preconditionFailure("there is no tile of \(height) rows")
            }
            if shapes.last != shape { shapes.append(shape) }
        }
    }

    /// - Parameter rows: of the batch; with experts, those that are routed.
    package func encode(_ commands: any Commands, rows: Int) {
        let place: Int, count: Int, tiles: Int
        if let experts {
            let cut = experts.routing.cut(rows: rows)
            place = shapes.firstIndex { $0.height >= cut.height } ?? shapes.count - 1
            count = cut.tiles
            tiles = shapes[place].tiles(rows: cut.tiles * shapes[place].height, columns: columns)
        } else {
            place = LaunchShape.place(in: shapes, rows: rows, columns: columns, facts: facts) {
                kernels[$0].ifKept != nil
            }
            count = rows * max(1, terms)
            tiles = shapes[place].tiles(rows: rows, columns: columns)
        }
        var parameters = Parameters()
        parameters.append(count)
        parameters.append(depth)
        parameters.append(columns)
        parameters.append(stride)
        parameters.append(offset)
        if terms == 0 {
            parameters.append(panels)
            parameters.append(experts.map { $0.takesSlots ? 1 : $0.routing.choice.used } ?? 1)
        }
        parameters.append(epilogue.scale)
        parameters.append(epilogue.cap ?? 0)
        commands.dispatch(kernels[place], parameters, tiles: tiles)
    }
}
