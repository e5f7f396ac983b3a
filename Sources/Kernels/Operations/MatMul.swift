public import Compute

/// A matrix product with one matrix of weights: `y = x w`, with what is done to each result on its way out.
///
/// One variant of the kernel for every tile height; the batch chooses among them.
public struct MatMul: Sendable {
    public enum Epilogue: String, Sendable {
        case none = "NONE"
        /// Adds to what stands in `y`.
        case residual = "RESIDUAL"
        /// Panels alternate between gate and up: `silu(gate) * up`.
        case swiglu = "SWIGLU"
    }

    /// Tile heights, ascending.
    public static let heights = [1, 2, 4, 8]

    private struct Variant {
        var kernel: any BoundKernel
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
    ///   - y: `[rows][stride]` floats; this product fills `columns` of them from `offset` on. All three are multiples of 4.
    public init(
        _ kernels: KernelSet, x: any Buffer, weights: DeviceWeights, y: any Buffer, columns: Int, stride: Int,
        offset: Int = 0, epilogue: Epilogue = .none
    ) throws(ComputeError) {
        depth = weights.shape.depth
        self.columns = columns / 4
        self.stride = stride / 4
        self.offset = offset / 4
        var variants: [Variant] = []
        for height in Self.heights {
            let vecs =
                epilogue == .swiglu
                ? 2 : Self.vecs(height: height, format: weights.shape.format, limits: kernels.limits)
            let kernel = try kernels.bind(
                "matmul",
                [
                    "WEIGHTS": weights.shape.format.rawValue, "ROWS": "\(height)", "COLUMNS": "\(vecs)",
                    "EPILOGUE": epilogue.rawValue,
                ], [x, weights.words, weights.scalesArgument, y])
            let written = epilogue == .swiglu ? 1 : vecs
            let tileWidth = kernels.limits.groupSize * written * kernels.limits.vectorWidth / 4
            variants.append(Variant(kernel: kernel, tileWidth: tileWidth))
        }
        self.variants = variants
    }

    /// How many vecs of a row a lane computes, by measurement. A CPU with vectors of 16 has 32 registers for them: 24 sums, three
    /// vecs of weights and one of `x` fill these. Blocks have sums of their own besides, and a single row needs few.
    private static func vecs(height: Int, format: WeightFormat, limits: DeviceLimits) -> Int {
        limits.vectorWidth == 16 && format.blockSize == nil && height > 1 ? 3 : 2
    }

    public func encode(_ commands: any Commands, rows: Int) {
        let index = Self.heights.firstIndex { $0 >= rows } ?? Self.heights.count - 1
        let height = Self.heights[index]
        var parameters = Parameters()
        parameters.append(rows)
        parameters.append(depth)
        parameters.append(columns)
        parameters.append(stride)
        parameters.append(offset)
        let rowTiles = (rows + height - 1) / height
        let columnTiles = (columns + variants[index].tileWidth - 1) / variants[index].tileWidth
        commands.dispatch(variants[index].kernel, parameters, tiles: rowTiles * columnTiles)
    }
}
