package import Compute
package import Quantities

/// A matrix of state for each head that rows change and read, one after the other. (gated delta net, Mamba-2)
package struct StateRecurrence: Sendable {
    package struct Shape: Sendable, Hashable {
        package enum Rule: String, Sendable, CaseIterable {
            /// `q` and `k` of each head are normalised, `x / sqrt(sum of squares + epsilon)`, and `q` divided by
            /// `sqrt(keySize)`. `M <- exp(decay * softplus(step + stepBias)) M`; `e = sigmoid(beta) (v - M^T k)`;
            /// `M <- M + k e^T`; `y = M^T q`. Source: Yang et al. 2024 (Gated Delta Networks).
            case delta = "DELTA"
            /// With `dt = softplus(step + stepBias)`: `M <- exp(decay * dt) M + k (dt v)^T`; `y = M^T q + skip * v`.
            /// `k` is what Mamba calls B, and `q` C. Source: Dao & Gu 2024 (Mamba-2).
            case scan = "SCAN"
        }

        /// Which head of keys a head of values reads.
        package enum Sharing: Sendable, Hashable {
            /// Head `h` reads `h % keyHeads`.
            case modulo
            /// Head `h` reads `h * keyHeads / heads`: neighbours share one.
            case groups
        }

        /// Of keys and values of a head, which are multiples of 16.
        package static let sizes = 16...256

        package var rule: Rule
        /// Of values.
        package var heads: Int
        package var keyHeads: Int
        /// 16 to 256, a multiple of 16: rows of a head's matrix.
        package var keySize: Int
        /// Likewise: its columns.
        package var valueSize: Int
        package var sharing: Sharing
        /// Of `delta`.
        package var epsilon: Float

        package init(
            rule: Rule, heads: Int, keyHeads: Int, keySize: Int, valueSize: Int, sharing: Sharing, epsilon: Float = 0
        ) {
            precondition(heads > 0 && 1...heads ~= keyHeads, "\(heads) heads of \(keyHeads)")
            for size in [keySize, valueSize] { precondition(Self.sizes ~= size && size % 16 == 0, "heads of \(size)") }
            self.rule = rule
            self.heads = heads
            self.keyHeads = keyHeads
            self.keySize = keySize
            self.valueSize = valueSize
            self.sharing = sharing
            self.epsilon = epsilon
        }

        /// `[heads][keySize]` rows of `valueSize` floats
        package var state: StateRows { StateRows(rows: heads * keySize, rowLength: valueSize) }
    }

    private let kernel: KernelPromise
    private let shape: Shape
    private let columns: (queries: RowColumns, keys: RowColumns, values: RowColumns, y: RowColumns)
    private let gates: (steps: RowColumns, betas: RowColumns?)
    private let place: (firstPage: Int, pageBytes: Int)
    private let launch: LaunchShape

    /// - Parameters:
    ///   - queries: `[keyHeads * keySize]` columns; `keys` likewise, and `values` `[heads * valueSize]`, of one buffer
    ///   - steps: `[heads]` columns, and `betas` of `delta` likewise, of one buffer
    ///   - decay: `[heads]` floats
    ///   - stepBias: `[heads]` floats
    ///   - skip: `[heads]` floats, of `scan`
    ///   - y: `[heads * valueSize]` columns of another buffer
    ///   - firstPage: of this layer's part of the state, counted from the start of a sequence's table
    package init(
        _ kernels: KernelSet, _ shape: Shape, queries: RowColumns, keys: RowColumns, values: RowColumns,
        steps: RowColumns, betas: RowColumns?, decay: any Buffer, stepBias: any Buffer, skip: (any Buffer)?,
        y: RowColumns, pieces: PieceBuffers, firstPage: Int
    ) throws(ComputeError) {
        for columns in [keys, values] {
            precondition(columns.buffer === queries.buffer && columns.stride == queries.stride, "one buffer has them")
        }
        precondition((betas != nil) == (shape.rule == .delta) && (skip != nil) == (shape.rule == .scan), "\(shape)")
        precondition(
            betas.map { $0.buffer === steps.buffer && $0.stride == steps.stride } ?? true, "one buffer has both")
        precondition(y.buffer !== queries.buffer && y.buffer !== steps.buffer, "lanes of other columns read them still")
        self.shape = shape
        columns = (queries, keys, values, y)
        gates = (steps, betas)
        place = (firstPage, pieces.pageBytes)
        launch = .recurrence(shape, limits: kernels.limits)
        kernel = try kernels.promise(
            launch.kernel, launch.options,
            [
                queries.buffer, steps.buffer, decay, stepBias, skip ?? kernels.nothing, pieces.pieces, pieces.tables,
                pieces.pool, y.buffer,
            ], groupSize: launch.groupSize)
    }

    package func encode(_ commands: any Commands, pieces: Int) {
        let blocks = (shape.valueSize / 4 + launch.width - 1) / launch.width
        var parameters = Parameters()
        parameters.append(shape.heads)
        parameters.append(shape.keyHeads)
        parameters.append(shape.sharing == .groups ? 1 : 0)
        parameters.append(shape.keySize)
        parameters.append(shape.valueSize / 4)
        parameters.append(blocks)
        parameters.append(columns.queries)
        parameters.append(columns.keys.offset / 4)
        parameters.append(columns.values.offset / 4)
        parameters.append(gates.steps.stride)
        parameters.append(gates.steps.offset)
        parameters.append(gates.betas?.offset ?? 0)
        parameters.append(columns.y)
        parameters.append(shape.state, firstPage: place.firstPage, pageBytes: place.pageBytes)
        parameters.append(shape.epsilon)
        parameters.append(1 / Float(shape.keySize).squareRoot())
        commands.dispatch(kernel, parameters, tiles: pieces * shape.heads * blocks)
    }
}

extension LaunchShape {
    /// `width` quads of a head's columns.
    ///
    /// On GPUs lanes share a column, 16 rows each: with their keys and queries up to 187 registers of the 255 that a
    /// lane may have; held to 168, NVIDIA's compiler spilled three. On CPUs a lane has all rows in its memory, which
    /// the nearest cache holds.
    static func recurrence(_ shape: StateRecurrence.Shape, limits: DeviceLimits) -> LaunchShape {
        let isGPU = limits.hasGroups
        let group = isGPU ? max(64, limits.groupSize) : limits.groupSize
        let lanes = isGPU ? [1, 2, 4, 8, 16].first { 16 * $0 >= shape.keySize } ?? 16 : 0
        return LaunchShape(
            path: isGPU ? .simd : .cpu, kernel: "recur",
            options: ["RULE": shape.rule.rawValue, "SPLITS": "\(lanes)", "REGISTERS": "255"], groupSize: group,
            height: 1,
            width: isGPU ? group / lanes : group * limits.vectorWidth / 4,
            sharedBytes: isGPU ? 4 * 16 * group : 0)
    }
}
