package import Compute

/// Norms of parts of rows by their root mean square, with a gate, in place.
package struct GatedNorm: Sendable {
    /// What comes first.
    package enum Order: String, Sendable, CaseIterable {
        /// `x = rms(x; weight) * silu(gate)`, with one weight, `[width]`, for all groups. (Qwen 3.5)
        case normFirst = "NORM_FIRST"
        /// `x = rms(x * silu(gate); weight)`, with a weight of `[groups * width]`. (Mamba-2)
        case gateFirst = "GATE_FIRST"
    }

    private let kernel: KernelPromise
    private let order: Order
    private let x: RowColumns
    private let gate: RowColumns
    private let cut: (groups: Int, width: Int)
    private let epsilon: Float

    /// - Parameters:
    ///   - x: `[groups * width]` columns, as many as `gate` has
    ///   - weight: floats, as `order` says
    ///   - width: of a group, a multiple of 4
    package init(
        _ kernels: KernelSet, _ order: Order, x: RowColumns, gate: RowColumns, weight: any Buffer, groups: Int,
        width: Int, epsilon: Float
    ) throws(ComputeError) {
        precondition(width > 0 && width % 4 == 0, "groups of \(width)")
        self.order = order
        self.x = x
        self.gate = gate
        cut = (groups, width)
        self.epsilon = epsilon
        let limits = kernels.limits
        // A head is too short for more than a subgroup.
        kernel = try kernels.promise(
            "gated_norm", ["ORDER": order.rawValue], [x.buffer, gate.buffer, weight],
            groupSize: width > 256 ? limits.rowGroupSize : limits.groupSize)
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(cut.groups)
        parameters.append(cut.width / 4)
        parameters.append(order == .normFirst ? 0 : cut.width / 4)
        parameters.append(x)
        parameters.append(gate)
        parameters.append(epsilon)
        commands.dispatch(kernel, parameters, tiles: rows * cut.groups)
    }
}
