package import Compute

/// Looks the rows' tokens up in the embedding table.
package struct Embed: Sendable {
    private let kernel: KernelPromise
    private let depth: Int
    private let scale: Float

    /// - Parameters:
    ///   - tokens: `[rows]`
    ///   - table: packed as for a product with the output matrix, which many models share with it
    ///   - y: `[rows][depth]` floats
    ///   - scale: what embeddings are multiplied with.
    package init(
        _ kernels: KernelSet, tokens: any Buffer, table: DeviceWeights, y: any Buffer, scale: Float = 1
    ) throws(ComputeError) {
        kernel = try kernels.promise(
            "embed", ["WEIGHTS": table.shape.format.rawValue], [tokens, table.words, table.scalesArgument, y],
            groupSize: kernels.limits.rowGroupSize)
        depth = table.shape.depth
        self.scale = scale
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(depth)
        parameters.append(scale)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
