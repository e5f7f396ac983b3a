package import Compute

/// Normalises queries and keys by their root mean square, in place, before they are rotated.
package struct HeadNorm: Sendable {
    private let kernel: KernelPromise
    /// Quads of a row, parts of a row's queries and of its keys, and quads of each.
    private let cut: (stride: Int, queries: Int, queryWidth: Int, keys: Int, keyWidth: Int)
    private let epsilon: Float

    /// - Parameters:
    ///   - qkv: `[rows][heads + 2 * kvHeads][headSize]` floats; values stay as they are
    ///   - queryWeight: `[headSize]` floats, or `[heads * headSize]` for whole rows
    ///   - keyWeight: `[headSize]` floats, or `[kvHeads * headSize]` for whole rows
    ///   - isWholeRow: whether all heads of a row are normalised together, and not each for itself.
    package init(
        _ kernels: KernelSet, shape: AttentionShape, qkv: any Buffer, queryWeight: any Buffer, keyWeight: any Buffer,
        epsilon: Float, isWholeRow: Bool
    ) throws(ComputeError) {
        let limits = kernels.limits
        // A head is too short for more than a subgroup.
        kernel = try kernels.promise(
            "head_norm", ["NORM": Normalisation.Kind.rms.rawValue], [qkv, queryWeight, keyWeight],
            groupSize: isWholeRow ? limits.rowGroupSize : limits.groupSize)
        let (stride, head) = (shape.rowWidth / 4, shape.headSize / 4)
        cut =
            isWholeRow
            ? (stride, 1, shape.heads * head, 1, shape.kvHeads * head)
            : (stride, shape.heads, head, shape.kvHeads, head)
        self.epsilon = epsilon
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(cut.queries)
        parameters.append(cut.queryWidth)
        parameters.append(cut.keys)
        parameters.append(cut.keyWidth)
        parameters.append(cut.stride)
        parameters.append(epsilon)
        commands.dispatch(kernel, parameters, tiles: rows * (cut.queries + cut.keys))
    }
}
