package import Compute

/// Adds up what the shards of a network have made of rows. Source: Shoeybi et al. 2019 (Megatron-LM), section 3.
package struct SumShards: Sendable {
    /// How many shards there may be.
    package static let counts = [1, 2, 3, 4, 8]

    private let kernel: KernelPromise
    private let width: Int
    private let slotRows: Int
    private let scale: Float

    /// - Parameters:
    ///   - x: `[shards][slotRows][width]` floats
    ///   - slotRows: rows that a shard has room for.
    ///   - y: `[rows][width]` floats
    ///   - isAdded: whether `y` gets `scale` times the result added; else it becomes that.
    package init(
        _ kernels: KernelSet, x: any Buffer, shards: Int, slotRows: Int, y: any Buffer, width: Int, isAdded: Bool,
        scale: Float = 1
    ) throws(ComputeError) {
        precondition(shards > 1 && Self.counts.contains(shards), "\(shards) shards")
        kernel = try kernels.promise(
            "sum_shards", ["SHARDS": "\(shards)", "ADDED": isAdded ? "1" : "0"], [x, y],
            groupSize: kernels.limits.rowGroupSize)
        self.width = width
        self.slotRows = slotRows
        self.scale = scale
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(width)
        parameters.append(slotRows * width / 4)
        parameters.append(scale)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
