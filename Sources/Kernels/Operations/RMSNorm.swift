package import Compute

/// Root-mean-square normalisation of every row, or of the rows that a list names.
package struct RMSNorm: Sendable {
    private let kernel: KernelPromise
    private let width: Int
    private let epsilon: Float

    /// - Parameters:
    ///   - x: `[rows][width]` floats
    ///   - weight: `[width]` floats
    ///   - sources: `[rows]` the row of `x` that each row of `y` comes from; `nil` takes them in order
    ///   - y: `[rows][width]` floats
    package init(
        _ kernels: KernelSet, x: any Buffer, weight: any Buffer, sources: (any Buffer)? = nil, y: any Buffer,
        width: Int, epsilon: Float
    ) throws(ComputeError) {
        kernel = try kernels.promise(
            "rms_norm", ["GATHER": sources == nil ? "0" : "1"], [x, weight, sources ?? weight, y])
        self.width = width
        self.epsilon = epsilon
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(width)
        parameters.append(epsilon)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
