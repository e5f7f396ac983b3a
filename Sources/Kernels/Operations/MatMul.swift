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

    /// Tile heights, ascending. The last is for CPUs alone.
    package static let heights = [1, 2, 4, 8, 32]

    /// What a lane computes: `passes` times `rows` rows by `vecs` vecs.
    private struct Tile: Equatable {
        var rows: Int
        var passes = 1
        var vecs = 2

        var height: Int { rows * passes }
    }

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
        let (format, limits) = (weights.shape.format, kernels.limits)
        let (name, rows, tiles) =
            switch x {
            case .floats(let x): ("matmul", [x], Self.tiles(of: format, epilogue, limits))
            case .bytes(let x): ("matmul_bytes", [x.bytes, x.scales], Self.byteTiles(limits))
            }
        variants = try tiles.map { tile throws(ComputeError) in
            let isOuter = tile.height == 1 || tile == tiles.last
            let kernel = try kernels.promise(
                name,
                [
                    "WEIGHTS": format.rawValue, "ROWS": "\(tile.rows)", "PASSES": "\(tile.passes)",
                    "COLUMNS": "\(tile.vecs)", "EPILOGUE": epilogue.rawValue,
                ], rows + [weights.words, weights.scalesArgument, y], need: isOuter ? .first : .later)
            let written = epilogue == .swiglu ? 1 : tile.vecs
            return Variant(
                kernel: kernel, height: tile.height, tileWidth: limits.groupSize * written * limits.vectorWidth / 4)
        }
    }

    /// By measurement. A CPU with vectors of 16 has 32 registers for them: 24 sums, three vecs of weights and one of
    /// `x` fill these. Blocks have sums of their own besides, and a single row needs few.
    private static func tiles(of format: WeightFormat, _ epilogue: Epilogue, _ limits: DeviceLimits) -> [Tile] {
        let isWide = limits.vectorWidth == 16
        let low = [1, 2, 4, 8].map { rows in
            Tile(rows: rows, vecs: isWide && format.blocks == nil && rows > 1 && epilogue != .swiglu ? 3 : 2)
        }
        guard isWide, format.blocks != nil else { return low }
        return low + [epilogue == .swiglu ? Tile(rows: 8, passes: 4) : Tile(rows: 4, passes: 8, vecs: 3)]
    }

    /// Eight sums, two vecs of weights and one of `x` leave the sixteen registers of a CPU with vectors of 8 some room.
    private static func byteTiles(_ limits: DeviceLimits) -> [Tile] {
        let low = [1, 2, 4].map { Tile(rows: $0) }
        return limits.vectorWidth > 4 ? low + [Tile(rows: 4, passes: 8)] : low
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
