package import Compute
import Quantities

/// Attention of every row to its sequence's keys in the pool, as far as its mask lets it see.
package struct Attention: Sendable {
    private typealias Launch = (shape: LaunchShape, kernel: KernelPromise)

    private let launches: [Launch]
    /// Those for contexts that are cut, and what puts their parts together; `nil` on devices without groups.
    private let cut: (launches: [Launch], merge: KernelPromise)?
    private let shape: AttentionShape
    private let scores: AttentionScores
    private let mask: AttentionMask

    /// Rows whose parts there is room for at once.
    private static let cutRows = 64

    /// - Parameters:
    ///   - qkv: `[rows][heads + 2 * kvHeads][headSize]` floats, queries rotated
    ///   - pool: `[pages][pageBytes]`
    ///   - y: `[rows][heads][headSize]` floats
    /// - Throws: `ComputeError.argument` where the device takes several tokens of a page at once and pages hold no
    ///   multiple of them, where heads have no size in `PageLayout.headSizes`, where the pool exceeds a binding and its
    ///   windows do not hold whole pages, or where heads lack sinks.
    package init(
        _ kernels: KernelSet, _ shape: AttentionShape, _ scores: AttentionScores, qkv: any Buffer, rows: RowBuffers,
        pool: any Buffer, y: any Buffer
    ) throws(ComputeError) {
        let limits = kernels.limits
        try Self.check(shape, scores, pool: pool, limits: limits)
        self.shape = shape
        self.scores = scores
        mask = rows.mask
        let sinks = scores.sinks ?? rows.rows
        let inputs = [qkv, pool, rows.rows, rows.tables, sinks, y]
        func launches(
            _ shapes: [LaunchShape], _ buffers: [any Buffer]
        ) throws(ComputeError) -> [Launch] {
            try shapes.map { shape throws(ComputeError) in
                let options = shape.options.merging(scores.options) { $1 }
                return (shape, try kernels.promise(shape.kernel, options, buffers, groupSize: shape.groupSize))
            }
        }
        guard limits.hasGroups else {
            self.launches = try launches(LaunchShape.attention(shape, limits: limits), inputs)
            cut = nil
            return
        }
        let partials = try kernels.device.makeBuffer(
            byteCount: 4 * Self.cutRows * shape.heads * LaunchShape.parts * (shape.headSize + 2), access: .device,
            label: "parts of attention")
        self.launches = try launches(LaunchShape.attention(shape, limits: limits), inputs + [partials])
        let merge = try kernels.promise(
            "attention_merge",
            [
                "HEAD_SIZE": "\(shape.headSize)", "SINKS": scores.sinks == nil ? "0" : "1",
                "PARTS": "\(LaunchShape.parts)", "PART_TOKENS": "\(LaunchShape.partTokens)",
            ],
            [partials, rows.rows, sinks, y])
        let shapes = LaunchShape.attention(shape, isCut: true, limits: limits)
        cut = (try launches(shapes, inputs + [partials]), merge)
    }

    private static func check(
        _ shape: AttentionShape, _ scores: AttentionScores, pool: any Buffer, limits: DeviceLimits
    ) throws(ComputeError) {
        let page = shape.page
        guard page.tokensPerPage % (limits.vectorWidth / 4) == 0 else {
            throw .argument(
                kernel: "attention",
                reason: "a page of \(page.tokensPerPage) tokens is not made of \(limits.vectorWidth / 4) at a time")
        }
        guard PageLayout.headSizes.contains(page.headSize) else {
            throw .argument(kernel: "attention", reason: "there are no heads of \(page.headSize) elements")
        }
        if let sinks = scores.sinks, sinks.byteCount < 4 * shape.heads {
            throw .argument(
                kernel: "attention",
                reason: "\(sinks.byteCount) bytes of sinks are too few for \(shape.heads) heads")
        }
        guard pool.byteCount <= limits.maxBindingSize || limits.windowBytes % page.pageBytes == 0 else {
            throw .argument(
                kernel: "attention",
                reason: "a page of \(page.pageBytes) bytes does not divide a window of \(limits.windowBytes)")
        }
    }

    /// - Parameters:
    ///   - pieces: of sequences that the rows are, each of neighbouring rows.
    ///   - longest: tokens of the longest sequence, those of the batch among them.
    package func encode(_ commands: any Commands, rows: Int, pieces: Int, longest: Int, layer: LayerPlace) {
        if let sinks = scores.sinks {
            precondition(4 * (layer.sink + shape.heads) <= sinks.byteCount, "no sinks at \(layer.sink)")
        }
        let parts = LaunchShape.partCount(longest: longest, mask)
        guard let cut, parts > 1 else {
            return dispatch(launches, commands, 0..<rows, pieces: pieces, layer: layer)
        }
        for first in stride(from: 0, to: rows, by: Self.cutRows) {
            let some = first..<min(rows, first + Self.cutRows)
            dispatch(cut.launches, commands, some, parts: parts, pieces: pieces, layer: layer)
            var parameters = Parameters()
            parameters.append(first)
            parameters.append(shape.heads)
            parameters.append(layer.sink)
            commands.dispatch(cut.merge, parameters, tiles: some.count * shape.heads)
        }
    }

    private func dispatch(
        _ launches: [Launch], _ commands: any Commands, _ rows: Range<Int>, parts: Int = 1, pieces: Int,
        layer: LayerPlace
    ) {
        // High tiles where most of them are full.
        let launch = launches.last { $0.shape.height == 1 || rows.count >= $0.shape.height * pieces } ?? launches[0]
        var parameters = Parameters()
        let isCPU = launch.shape.path == .cpu
        if !isCPU { parameters.append(rows.lowerBound) }
        parameters.append(rows.upperBound)
        if !isCPU { parameters.append(parts) }
        parameters.append(shape.heads)
        parameters.append(shape.kvHeads)
        parameters.append(layer.sink)
        shape.appendPages(of: layer, to: &parameters)
        parameters.append(scores.scale)
        parameters.append(scores.cap ?? 0)
        commands.dispatch(
            launch.kernel, parameters, tiles: launch.shape.tiles(rows: rows.count, columns: shape.heads) * parts)
    }
}
