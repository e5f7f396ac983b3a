package import Compute

/// How rows are normalised by their root mean square.
package struct Normalisation: Sendable {
    /// `[width]` floats
    package var weight: any Buffer
    /// `[rows]` the row of the input that each row comes from; `nil` takes them in order
    package var sources: (any Buffer)?
    package var epsilon: Float

    package init(weight: any Buffer, sources: (any Buffer)? = nil, epsilon: Float) {
        self.weight = weight
        self.sources = sources
        self.epsilon = epsilon
    }
}

/// Root-mean-square normalisation of every row, or of the rows that a list names.
package struct RMSNorm: Sendable {
    private let kernel: KernelPromise
    private let width: Int
    private let epsilon: Float

    /// - Parameters:
    ///   - x: `[rows][width]` floats
    ///   - y: `[rows][width]` floats
    package init(
        _ kernels: KernelSet, x: any Buffer, _ norm: Normalisation, y: any Buffer, width: Int
    ) throws(ComputeError) {
        kernel = try kernels.promise(
            "rms_norm", ["GATHER": norm.sources == nil ? "0" : "1"],
            [x, norm.weight, norm.sources ?? norm.weight, y], groupSize: kernels.limits.rowGroupSize)
        self.width = width
        epsilon = norm.epsilon
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(width)
        parameters.append(epsilon)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
