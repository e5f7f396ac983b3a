package import Compute
package import Quantities

/// Convolution of each channel over time, with the rows before it alone. (LFM2, Qwen 3.5, Mamba-2)
package struct CausalConvolution: Sendable {
    package struct Shape: Sendable, Hashable {
        package enum Form: String, Sendable, CaseIterable {
            /// `y = silu(bias + sum)`
            case silu = "PLAIN_SILU"
            /// Columns are `b`, `c` and `x`: `b * x` is convolved, and `y = c * sum`. Source: LFM2 (2025).
            case gated = "GATED"
        }

        package static let tapRange = 2...8

        /// A multiple of 4.
        package var channels: Int
        /// The last one is the present row's.
        package var taps: Int
        package var form: Form

        package init(channels: Int, taps: Int, form: Form) {
            precondition(channels > 0 && channels % 4 == 0, "\(channels) channels")
            precondition(Self.tapRange ~= taps, "\(taps) taps")
            self.channels = channels
            self.taps = taps
            self.form = form
        }

        /// What the last `taps - 1` rows gave to be convolved: `[channels / 4][taps - 1][4]`, the oldest first.
        package var state: StateRows { StateRows(rows: channels / 4, rowLength: 4 * (taps - 1)) }
    }

    private let kernel: KernelPromise
    private let shape: Shape
    private let x: RowColumns
    private let y: RowColumns
    private let place: (firstPage: Int, pageBytes: Int)
    private let launch: LaunchShape

    /// - Parameters:
    ///   - x: `[channels]` columns; for `gated` three times as many: b, c and x
    ///   - weight: `[channels][taps]` floats
    ///   - bias: `[channels]` floats, for `silu`
    ///   - y: `[channels]` columns of another buffer than `x`, whose rows are read more than once
    ///   - firstPage: of this layer's part of the state, counted from the start of a sequence's table
    package init(
        _ kernels: KernelSet, _ shape: Shape, x: RowColumns, weight: any Buffer, bias: (any Buffer)?, y: RowColumns,
        pieces: PieceBuffers, firstPage: Int
    ) throws(ComputeError) {
        precondition(bias == nil || shape.form == .silu, "gated convolutions have no bias")
        precondition(x.buffer !== y.buffer, "a convolution is not in place")
        self.shape = shape
        self.x = x
        self.y = y
        place = (firstPage, pieces.pageBytes)
        launch = .convolution(shape, limits: kernels.limits)
        kernel = try kernels.promise(
            launch.kernel, launch.options.merging(["BIAS": bias == nil ? "0" : "1"]) { $1 },
            [x.buffer, weight, bias ?? kernels.nothing, pieces.pieces, pieces.tables, pieces.pool, y.buffer],
            groupSize: launch.groupSize)
    }

    package func encode(_ commands: any Commands, pieces: Int) {
        var parameters = Parameters()
        parameters.append(shape.channels / 4)
        parameters.append(launch.height)
        parameters.append(launch.width)
        parameters.append(x)
        parameters.append(y)
        parameters.append(shape.state, firstPage: place.firstPage, pageBytes: place.pageBytes)
        let blocks = (shape.channels / 4 + launch.width - 1) / launch.width
        commands.dispatch(kernel, parameters, tiles: pieces * launch.height * blocks)
    }
}

extension LaunchShape {
    /// `height` parts of a piece's rows at most, `width` quads of channels.
    ///
    /// Parts are many enough to keep a device busy with one long piece; those that a short piece has no rows for end at
    /// once.
    static func convolution(_ shape: CausalConvolution.Shape, limits: DeviceLimits) -> LaunchShape {
        let isWide = limits.vectorWidth > 4 && shape.channels % limits.vectorWidth == 0
        let group = limits.hasGroups ? max(64, limits.groupSize) : limits.groupSize
        return LaunchShape(
            path: limits.hasGroups ? .simd : .cpu, kernel: "convolve",
            options: ["FORM": shape.form.rawValue, "TAPS": "\(shape.taps)", "WIDE": isWide ? "1" : "0"],
            groupSize: group, height: 16, width: limits.hasGroups ? group : max(64, group))
    }
}
