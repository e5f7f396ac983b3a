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

    private let variants: [any BoundKernel]
    private let depth: Int
    private let columns: Int
    private let stride: Int
    private let offset: Int
    private let columnsPerTile: Int

    /// - Parameters:
    ///   - x: `[rows][depth]` floats
    ///   - y: `[rows][stride]` floats; this product fills `columns` of them from `offset` on. All three are multiples of 4.
    public init(
        _ kernels: KernelSet, x: any Buffer, weights: DeviceWeights, y: any Buffer, columns: Int, stride: Int,
        offset: Int = 0, epilogue: Epilogue = .none
    ) throws(ComputeError) {
        let width = kernels.limits.vectorWidth
        let perLane = epilogue == .swiglu ? 1 : 2
        depth = weights.shape.depth
        self.columns = columns / 4
        self.stride = stride / 4
        self.offset = offset / 4
        columnsPerTile = kernels.limits.groupSize * perLane * width / 4
        var variants: [any BoundKernel] = []
        for height in Self.heights {
            variants.append(
                try kernels.bind(
                    "matmul",
                    [
                        "WEIGHTS": weights.shape.format.rawValue, "ROWS": "\(height)", "COLUMNS": "2",
                        "EPILOGUE": epilogue.rawValue,
                    ], [x, weights.words, weights.scalesArgument, y]))
        }
        self.variants = variants
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
        let columnTiles = (columns + columnsPerTile - 1) / columnsPerTile
        commands.dispatch(variants[index], parameters, tiles: rowTiles * columnTiles)
    }
}
