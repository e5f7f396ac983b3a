package import Compute
import Quantities

/// Attention of every row to its sequence's keys in the pool, up to its own position.
package struct Attention: Sendable {
    private typealias Launch = (shape: LaunchShape, kernel: KernelPromise)

    private let launches: [Launch]
    /// Those for contexts that are cut, and what puts their parts together; `nil` on devices without groups.
    private let cut: (launches: [Launch], merge: KernelPromise)?
    private let shape: AttentionShape

    /// Rows whose parts there is room for at once.
    private static let cutRows = 64

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
        let limits = kernels.limits
        try Self.check(shape, pool: pool, limits: limits)
        self.shape = shape
        let inputs = [qkv, pool, rows.positions, rows.tables, rows.starts, y]
        guard limits.hasGroups else {
            launches = try Self.launches(LaunchShape.attention(shape, limits: limits), inputs, kernels)
            cut = nil
            return
        }
        let partials = try kernels.device.makeBuffer(
            byteCount: 4 * Self.cutRows * shape.heads * LaunchShape.parts * (shape.headSize + 2), access: .device,
            label: "parts of attention")
        launches = try Self.launches(LaunchShape.attention(shape, limits: limits), inputs + [partials], kernels)
        let merge = try kernels.promise(
            "attention_merge",
            [
                "HEAD_SIZE": "\(shape.headSize)", "PARTS": "\(LaunchShape.parts)",
                "PART_TOKENS": "\(LaunchShape.partTokens)",
            ],
            [partials, rows.positions, y])
        let shapes = LaunchShape.attention(shape, isCut: true, limits: limits)
        cut = (try Self.launches(shapes, inputs + [partials], kernels), merge)
    }

    private static func launches(
        _ shapes: [LaunchShape], _ buffers: [any Buffer], _ kernels: KernelSet
    ) throws(ComputeError) -> [Launch] {
        try shapes.map { shape throws(ComputeError) in
            (shape, try kernels.promise(shape.kernel, shape.options, buffers, groupSize: shape.groupSize))
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

    /// - Parameters:
    ///   - pieces: of sequences that the rows are, each of neighbouring rows.
    ///   - longest: tokens that a row attends to at most.
    package func encode(_ commands: any Commands, rows: Int, pieces: Int, longest: Int, layer: Int) {
        guard let cut, longest > LaunchShape.partTokens else {
            return dispatch(launches, commands, 0..<rows, pieces: pieces, layer: layer)
        }
        let parts = min(LaunchShape.parts, (longest + LaunchShape.partTokens - 1) / LaunchShape.partTokens)
        for first in stride(from: 0, to: rows, by: Self.cutRows) {
            let some = first..<min(rows, first + Self.cutRows)
            dispatch(cut.launches, commands, some, parts: parts, pieces: pieces, layer: layer)
            var parameters = Parameters()
            parameters.append(first)
            parameters.append(shape.heads)
            commands.dispatch(cut.merge, parameters, tiles: some.count * shape.heads)
        }
    }

    private func dispatch(
        _ launches: [Launch], _ commands: any Commands, _ rows: Range<Int>, parts: Int = 1, pieces: Int, layer: Int
    ) {
        // High tiles where most of them are full.
        let launch = launches.last { $0.shape.height == 1 || rows.count >= $0.shape.height * pieces } ?? launches[0]
        var parameters = Parameters()
        if launch.shape.path != .cpu {
            parameters.append(rows.lowerBound)
            parameters.append(rows.upperBound)
            parameters.append(parts)
        }
        parameters.append(shape.heads)
        parameters.append(shape.kvHeads)
        parameters.append(layer)
        parameters.append(shape.layers)
        parameters.append(shape.page.tokensPerPage)
        parameters.append(shape.page.pageBytes / PageLayout.wordBytes)
        commands.dispatch(
            launch.kernel, parameters, tiles: launch.shape.tiles(rows: rows.count, columns: shape.heads) * parts)
    }
}
