package import Compute
import Quantities

/// Rotates queries and keys, and writes keys and values to the pool.
package struct RopeStore: Sendable {
    private let kernel: KernelPromise
    private let shape: AttentionShape

    /// - Parameters:
    ///   - qkv: `[rows][heads + 2 * kvHeads][headSize]` floats; the queries are rotated in place
    ///   - rotations: `[positions][rotated / 2]` pairs of cosine and sine; any buffer where nothing is rotated
    ///   - queryRotations: what queries are rotated by where it is not what keys are: with cosines and sines that are
    ///     scaled, it scales them too
    ///   - pool: `[pages][pageBytes]`
    package init(
        _ kernels: KernelSet, _ shape: AttentionShape, qkv: any Buffer, rotations: any Buffer,
        queryRotations: (any Buffer)? = nil, rows: RowBuffers, pool: any Buffer
    ) throws(ComputeError) {
        kernel = try kernels.promise(
            "rope_store", ["KV": shape.page.type.option, "TABLES": queryRotations == nil ? "1" : "2"],
            [qkv, rotations, queryRotations ?? kernels.nothing, rows.rows, rows.tables, pool],
            groupSize: kernels.limits.rowGroupSize)
        self.shape = shape
    }

    package func encode(_ commands: any Commands, rows: Int, layer: LayerPlace) {
        var parameters = Parameters()
        parameters.append(shape.heads)
        parameters.append(shape.kvHeads)
        parameters.append(shape.headSize)
        parameters.append(shape.rotated)
        shape.appendPages(of: layer, to: &parameters)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
