package import Compute
import Quantities

/// Attention of every row to its sequence's keys in the pool, up to its own position.
package struct Attention: Sendable {
    private let launches: [(shape: LaunchShape, kernel: KernelPromise)]
    private let shape: AttentionShape

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
        self.shape = shape
        launches = try LaunchShape.attention(shape, limits: kernels.limits).map { launch throws(ComputeError) in
            let kernel = try kernels.promise(
                launch.kernel, launch.options, [qkv, pool, rows.positions, rows.tables, rows.starts, y],
                groupSize: launch.groupSize)
            return (launch, kernel)
        }
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

    /// - Parameter pieces: of sequences that the rows are, each of neighbouring rows.
    package func encode(_ commands: any Commands, rows: Int, pieces: Int, layer: Int) {
        // High tiles where most of them are full.
        let launch = launches.last { $0.shape.height == 1 || rows >= $0.shape.height * pieces } ?? launches[0]
        var parameters = Parameters()
        if launch.shape.path != .cpu { parameters.append(rows) }
        parameters.append(shape.heads)
        parameters.append(shape.kvHeads)
        parameters.append(layer)
        parameters.append(shape.layers)
        parameters.append(shape.page.tokensPerPage)
        parameters.append(shape.page.pageBytes / PageLayout.wordBytes)
        commands.dispatch(
            launch.kernel, parameters, tiles: launch.shape.tiles(rows: rows, columns: shape.heads))
    }
}
