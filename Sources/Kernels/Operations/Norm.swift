package import Compute

/// How rows are normalised.
package struct Normalisation: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// By their root mean square. Source: Zhang & Sennrich 2019.
        case rms = "RMS"
        /// Less their mean, by the root of their variance. Source: Ba et al. 2016.
        case layer = "LAYER"
    }

    package var kind: Kind
    /// `[width]` floats
    package var weight: any Buffer
    /// `[width]` floats, added behind all else
    package var bias: (any Buffer)?
    /// `[rows]` the row of the input that each row comes from; `nil` takes them in order
    package var sources: (any Buffer)?
    package var epsilon: Float

    package init(
        kind: Kind = .rms, weight: any Buffer, bias: (any Buffer)? = nil, sources: (any Buffer)? = nil, epsilon: Float
    ) {
        self.kind = kind
        self.weight = weight
        self.bias = bias
        self.sources = sources
        self.epsilon = epsilon
    }

    /// The kernels' options.
    var options: [String: String] {
        ["NORM": kind.rawValue, "BIAS": bias == nil ? "0" : "1", "GATHER": sources == nil ? "0" : "1"]
    }
}

/// Normalisation of every row, or of the rows that a list names.
package struct Norm: Sendable {
    private let kernel: KernelPromise
    private let width: Int
    private let epsilon: Float
    private let scale: Float

    /// - Parameters:
    ///   - x: `[rows][width]` floats
    ///   - y: `[rows][width]` floats
    ///   - isAdded: whether `y` gets `scale` times the result added; else it becomes the result.
    package init(
        _ kernels: KernelSet, x: any Buffer, _ norm: Normalisation, y: any Buffer, width: Int, isAdded: Bool = false,
        scale: Float = 1
    ) throws(ComputeError) {
        precondition(isAdded || scale == 1, "norms are scaled where they are added")
        kernel = try kernels.promise(
            "norm", norm.options.merging(["ADDED": isAdded ? "1" : "0"]) { $1 },
            [x, norm.weight, norm.bias ?? kernels.nothing, norm.sources ?? kernels.nothing, y],
            groupSize: kernels.limits.rowGroupSize)
        self.scale = scale
        self.width = width
        epsilon = norm.epsilon
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(width)
        parameters.append(epsilon)
        parameters.append(scale)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
