package import Compute

/// Normalises queries and keys by their root mean square, in place, before they are rotated.
package struct HeadNorm: Sendable {
    /// - Parameters:
    ///   - qkv: `[rows][heads + 2 * kvHeads][headSize]` floats; values stay as they are
    ///   - queryWeight: `[headSize]` floats, or `[heads * headSize]` for whole rows
    ///   - keyWeight: `[headSize]` floats, or `[kvHeads * headSize]` for whole rows
    ///   - isWholeRow: whether all heads of a row are normalised together, and not each for itself.
    package init(
        _ kernels: KernelSet, shape: AttentionShape, qkv: any Buffer, queryWeight: any Buffer, keyWeight: any Buffer,
        epsilon: Float, isWholeRow: Bool
    ) throws(ComputeError) {
        throw .argument(kernel: "head_norm", reason: "no such kernel")
    }

    package func encode(_ commands: any Commands, rows: Int) {}
}
