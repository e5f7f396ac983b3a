public import Compute

/// Attention of every row to its sequence's keys in the pool, up to its own position.
public struct Attention: Sendable {
    private let kernel: KernelPromise
    private let shape: AttentionShape
    private let queries: Int

    /// - Parameters:
    ///   - qkv: `[rows][heads + 2 * kvHeads][headSize]` floats, queries rotated
    ///   - pool: `[pages][pageBytes]`
    ///   - y: `[rows][heads][headSize]` floats
    /// - Throws: `ComputeError.argument` where the device takes several tokens of a page at once and pages do not hold a
    ///   multiple of them, where a page's tokens do not fit in it, or where the pool exceeds a binding and its windows do
    ///   not hold whole pages.
    public init(
        _ kernels: KernelSet, _ shape: AttentionShape, qkv: any Buffer, rows: RowBuffers, pool: any Buffer,
        y: any Buffer
    ) throws(ComputeError) {
        try Self.check(shape, pool: pool, limits: kernels.limits)
        queries = Self.queriesPerTile(ratio: shape.heads / shape.kvHeads, headSize: shape.headSize)
        self.shape = shape
        kernel = try kernels.promise(
            "attention",
            ["KV": shape.kv.rawValue, "HEAD_SIZE": "\(shape.headSize)", "QUERIES": "\(queries)"],
            [qkv, pool, rows.positions, rows.tables, rows.starts, y])
    }

    private static func check(
        _ shape: AttentionShape, pool: any Buffer, limits: DeviceLimits
    ) throws(ComputeError) {
        guard shape.pageTokens % (limits.vectorWidth / 4) == 0 else {
            throw .argument(
                kernel: "attention",
                reason: "a page of \(shape.pageTokens) tokens is not made of \(limits.vectorWidth / 4) at a time")
        }
        let bytes = shape.pageTokens * shape.kv.bytesPerToken(headSize: shape.headSize)
        guard bytes <= shape.pageBytes else {
            throw .argument(
                kernel: "attention",
                reason: "\(shape.pageTokens) tokens take \(bytes) bytes, a page has \(shape.pageBytes)")
        }
        guard pool.byteCount <= limits.maxBindingSize || limits.windowBytes % shape.pageBytes == 0 else {
            throw .argument(
                kernel: "attention",
                reason: "a page of \(shape.pageBytes) bytes does not divide a window of \(limits.windowBytes)")
        }
    }

    /// As many heads as share a key, while their sums fit in registers.
    private static func queriesPerTile(ratio: Int, headSize: Int) -> Int {
        let most = max(1, 256 / headSize)
        return (1...min(most, 4)).last { ratio % $0 == 0 } ?? 1
    }

    public func encode(_ commands: any Commands, rows: Int, layer: Int) {
        var parameters = Parameters()
        parameters.append(shape.heads)
        parameters.append(shape.kvHeads)
        parameters.append(layer)
        parameters.append(shape.layers)
        parameters.append(shape.pageTokens)
        parameters.append(shape.pageBytes / 16)
        commands.dispatch(kernel, parameters, tiles: rows * shape.heads / queries)
    }
}
