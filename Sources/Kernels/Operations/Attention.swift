package import Compute
import Quantities

/// Attention of every row to its sequence's keys in the pool, up to its own position.
package struct Attention: Sendable {
    private let kernel: KernelPromise
    private let shape: AttentionShape
    private let queries: Int

    /// - Parameters:
    ///   - qkv: `[rows][heads + 2 * kvHeads][headSize]` floats, queries rotated
    ///   - pool: `[pages][pageBytes]`
    ///   - y: `[rows][heads][headSize]` floats
    /// - Throws: `ComputeError.argument` where the device takes several tokens of a page at once and pages hold no
    ///   multiple of them, where a token's scales do not fit in a word, or where the pool exceeds a binding and its
    ///   windows do not hold whole pages.
    package init(
        _ kernels: KernelSet, _ shape: AttentionShape, qkv: any Buffer, rows: RowBuffers, pool: any Buffer,
        y: any Buffer
    ) throws(ComputeError) {
        try Self.check(shape, pool: pool, limits: kernels.limits)
        queries = Self.queriesPerTile(ratio: shape.heads / shape.kvHeads, headSize: shape.headSize)
        self.shape = shape
        kernel = try kernels.promise(
            "attention",
            ["KV": shape.page.type.option, "HEAD_SIZE": "\(shape.headSize)", "QUERIES": "\(queries)"],
            [qkv, pool, rows.positions, rows.tables, rows.starts, y])
    }

    private static func check(
        _ shape: AttentionShape, pool: any Buffer, limits: DeviceLimits
    ) throws(ComputeError) {
        let page = shape.page
        guard page.tokensPerPage % (limits.vectorWidth / 4) == 0 else {
            throw .argument(
                kernel: "attention",
                reason: "a page of \(page.tokensPerPage) tokens is not made of \(limits.vectorWidth / 4) at a time")
        }
        guard page.scaleWords <= 1 else {
            throw .argument(kernel: "attention", reason: "\(page.headSize) elements have scales in several words")
        }
        guard pool.byteCount <= limits.maxBindingSize || limits.windowBytes % page.pageBytes == 0 else {
            throw .argument(
                kernel: "attention",
                reason: "a page of \(page.pageBytes) bytes does not divide a window of \(limits.windowBytes)")
        }
    }

    /// As many heads as share a key, while their sums fit in registers.
    private static func queriesPerTile(ratio: Int, headSize: Int) -> Int {
        let most = max(1, 256 / headSize)
        return (1...min(most, 4)).last { ratio % $0 == 0 } ?? 1
    }

    package func encode(_ commands: any Commands, rows: Int, layer: Int) {
        var parameters = Parameters()
        parameters.append(shape.heads)
        parameters.append(shape.kvHeads)
        parameters.append(layer)
        parameters.append(shape.layers)
        parameters.append(shape.page.tokensPerPage)
        parameters.append(shape.page.pageBytes / PageLayout.wordBytes)
        commands.dispatch(kernel, parameters, tiles: rows * shape.heads / queries)
    }
}
