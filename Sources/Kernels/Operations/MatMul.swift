package import Compute

/// A matrix product with one matrix of weights: `y = x w`, with what is done to each result on its way out.
///
/// One variant of the kernel for every tile height; the batch chooses among them. Only the lowest and the highest must
/// be compiled: the others are faster for what is between, to the same bit.
package struct MatMul: Sendable {
    package enum Epilogue: String, Sendable {
        case none = "NONE"
        /// Adds to what stands in `y`.
        case residual = "RESIDUAL"
        /// Panels alternate between gate and up: `silu(gate) * up`.
        case swiglu = "SWIGLU"
    }

    /// Tile heights, ascending. The last is for CPUs alone.
    package static let heights = [1, 2, 4, 8, 32]

    /// The tile heights of a lane that holds all its sums in registers.
    private static let registerHeights = [1, 2, 4, 8]

    private struct Variant {
        var kernel: KernelPromise
        var height: Int
        /// Quads of `y` that a tile is wide.
        var tileWidth: Int
    }

    private let variants: [Variant]
    private let depth: Int
    private let columns: Int
    private let stride: Int
    private let offset: Int

    /// - Parameters:
    ///   - x: `[rows][depth]` floats
    ///   - y: `[rows][stride]` floats; this product fills `columns` of them from `offset` on. All three are multiples
    ///     of 4.
    package init(
        _ kernels: KernelSet, x: any Buffer, weights: DeviceWeights, y: any Buffer, columns: Int, stride: Int,
        offset: Int = 0, epilogue: Epilogue = .none
    ) throws(ComputeError) {
        depth = weights.shape.depth
        self.columns = columns / 4
        self.stride = stride / 4
        self.offset = offset / 4
        let (format, limits) = (weights.shape.format, kernels.limits)
        var shapes = Self.registerHeights.map { (rows: $0, passes: 1, vecs: Self.vecs(height: $0, format, limits)) }
        if limits.vectorWidth == 16, format.blockSize != nil {
            shapes.append(epilogue == .swiglu ? (rows: 8, passes: 4, vecs: 2) : (rows: 4, passes: 8, vecs: 3))
        }
        let highest = shapes[shapes.count - 1]
        variants = try shapes.map { shape throws(ComputeError) in
            let isOuter = shape.rows == 1 || shape == highest
            let kernel = try kernels.promise(
                "matmul",
                [
                    "WEIGHTS": format.rawValue, "ROWS": "\(shape.rows)", "PASSES": "\(shape.passes)",
                    "COLUMNS": "\(epilogue == .swiglu ? 2 : shape.vecs)", "EPILOGUE": epilogue.rawValue,
                ], [x, weights.words, weights.scalesArgument, y], need: isOuter ? .first : .later)
            let written = epilogue == .swiglu ? 1 : shape.vecs
            return Variant(
                kernel: kernel, height: shape.rows * shape.passes,
                tileWidth: limits.groupSize * written * limits.vectorWidth / 4)
        }
    }

    /// How many vecs of a row a lane computes, by measurement. A CPU with vectors of 16 has 32 registers for them: 24
    /// sums, three vecs of weights and one of `x` fill these. Blocks have sums of their own besides, and a single row
    /// needs few.
    private static func vecs(height: Int, _ format: WeightFormat, _ limits: DeviceLimits) -> Int {
        limits.vectorWidth == 16 && format.blockSize == nil && height > 1 ? 3 : 2
    }

    /// The lowest tile that holds all rows and is compiled, or else the highest. A tall tile takes as many passes as
    /// there are rows for.
    private func variant(rows: Int) -> Variant {
        variants.first { $0.height >= rows && $0.kernel.ifKept != nil } ?? variants[variants.count - 1]
    }

    package func encode(_ commands: any Commands, rows: Int) {
        let variant = variant(rows: rows)
        var parameters = Parameters()
        parameters.append(rows)
        parameters.append(depth)
        parameters.append(columns)
        parameters.append(stride)
        parameters.append(offset)
        let rowTiles = (rows + variant.height - 1) / variant.height
        let columnTiles = (columns + variant.tileWidth - 1) / variant.tileWidth
        commands.dispatch(variant.kernel, parameters, tiles: rowTiles * columnTiles)
    }
}
