package import Compute

/// Looks the rows' tokens up in the embedding table.
package struct Embed: Sendable {
    /// Rows that are added, to each token's the one at its position.
    package struct Added {
        /// `[rows]` of `RowPlace`
        package var places: any Buffer
        /// `[count][depth]` floats
        package var rows: any Buffer
        /// The last one serves for all positions behind.
        package var count: Int

        package init(places: any Buffer, rows: any Buffer, count: Int) {
            precondition(count > 0, "no row to add")
            (self.places, self.rows, self.count) = (places, rows, count)
        }
    }

    private let kernel: KernelPromise
    private let depth: Int
    private let scale: Float
    private let addedRows: Int

    /// - Parameters:
    ///   - tokens: `[rows]`
    ///   - table: packed as for a product with the output matrix, which many models share with it
    ///   - y: `[rows][depth]` floats
    ///   - scale: what embeddings are multiplied with.
    package init(
        _ kernels: KernelSet, tokens: any Buffer, table: DeviceWeights, y: any Buffer, scale: Float = 1,
        added: Added? = nil
    ) throws(ComputeError) {
        kernel = try kernels.promise(
            "embed", ["WEIGHTS": table.shape.format.rawValue, "ADDED": added == nil ? "0" : "1"],
            [
                tokens, table.words, table.scalesArgument, added?.places ?? kernels.nothing,
                added?.rows ?? kernels.nothing, y,
            ],
            groupSize: kernels.limits.rowGroupSize)
        depth = table.shape.depth
        addedRows = added?.count ?? 0
        self.scale = scale
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(depth)
        parameters.append(scale)
        parameters.append(addedRows)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
