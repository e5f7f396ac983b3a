package import Compute

/// Looks the rows' tokens up in the embedding table.
package struct Embed: Sendable {
    private let kernel: KernelPromise
    private let depth: Int

    /// - Parameters:
    ///   - tokens: `[rows]`
    ///   - table: packed as for a product with the output matrix, which many models share with it
    ///   - y: `[rows][depth]` floats
    ///   - scale: what embeddings are multiplied with.
    package init(
        _ kernels: KernelSet, tokens: any Buffer, table: DeviceWeights, y: any Buffer, scale: Float = 1
    ) throws(ComputeError) {
        precondition(scale == 1, "embeddings are not scaled yet")
        kernel = try kernels.promise(
            "embed", ["WEIGHTS": table.shape.format.rawValue], [tokens, table.words, table.scalesArgument, y],
            groupSize: kernels.limits.rowGroupSize)
        depth = table.shape.depth
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(depth)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
