package import Compute

/// Rows of activations as signed bytes, in blocks of 32 that share a scale: what products of whole numbers read.
package struct QuantisedRows: Sendable {
    /// Numbers that share a scale.
    package static let blockSize = 32
    package static let scalesPerBlock = 3

    /// `[rows][terms][depth / 4]`, four signed bytes a word
    package let bytes: any Buffer
    /// `[rows][terms][depth / 32][scalesPerBlock]`: a block's scale, and the scale times the sum of the bytes of either
    /// half
    package let scales: any Buffer
    /// Rows of bytes that a row is the sum of: one, or two where eight bits are too few.
    package let terms: Int

    package init(bytes: any Buffer, scales: any Buffer, terms: Int = 1) {
        self.bytes = bytes
        self.scales = scales
        self.terms = terms
    }

    /// Room for `rows` rows of at most `depth` numbers; `nil` on devices that do not prefer products of whole numbers.
    package init?(rows: Int, depth: Int, terms: Int = 1, for kernels: KernelSet) throws(ComputeError) {
        guard kernels.limits.prefersIntegerProducts else { return nil }
        try self.init(rows: rows, depth: depth, terms: terms, on: kernels.device)
    }

    /// Room for `rows` rows of at most `depth` numbers.
    package init(rows: Int, depth: Int, terms: Int = 1, on device: any Device) throws(ComputeError) {
        let count = rows * terms * depth
        bytes = try device.makeBuffer(byteCount: count, access: .device, label: "quantised rows")
        scales = try device.makeBuffer(
            byteCount: count / Self.blockSize * Self.scalesPerBlock * 4, access: .device,
            label: "scales of quantised rows")
        self.terms = terms
    }
}

/// Makes bytes of rows of activations, as they are or normalised.
package struct Quantise: Sendable {
    private let kernel: KernelPromise
    private let depth: Int
    private let epsilon: Float
    /// The most tiles that a row is cut into.
    private let cuts: Int
    private let computeUnits: Int

    /// Blocks for each lane of a tile, where a row is cut. Chosen: a dispatch takes longer than fewer.
    private static let leastBlocks = 4

    /// - Parameters:
    ///   - x: `[rows][depth]` floats
    ///   - norm: what the rows are normalised by first.
    ///   - depth: a multiple of 32
    package init(
        _ kernels: KernelSet, x: any Buffer, norm: Normalisation? = nil, y: QuantisedRows, depth: Int
    ) throws(ComputeError) {
        precondition(depth % QuantisedRows.blockSize == 0, "rows of \(depth) are no whole blocks")
        kernel = try kernels.promise(
            "quantise",
            (norm?.options ?? ["NORM": "NONE", "BIAS": "0", "GATHER": "0"]).merging(["TERMS": "\(y.terms)"]) { $1 },
            [
                x, norm?.weight ?? kernels.nothing, norm?.bias ?? kernels.nothing, norm?.sources ?? kernels.nothing,
                y.bytes, y.scales,
            ], groupSize: kernels.limits.rowGroupSize)
        self.depth = depth
        epsilon = norm?.epsilon ?? 0
        cuts = max(1, depth / QuantisedRows.blockSize / (Self.leastBlocks * kernels.limits.rowGroupSize))
        computeUnits = kernels.limits.computeUnits
    }

    /// Few rows are cut for all cores: the same bits, as every tile of a row takes the norm of all of it.
    package func encode(_ commands: any Commands, rows: Int) {
        let cuts = max(1, min(self.cuts, computeUnits / max(1, rows)))
        var parameters = Parameters()
        parameters.append(depth)
        parameters.append(epsilon)
        parameters.append(cuts)
        commands.dispatch(kernel, parameters, tiles: rows * cuts)
    }
}
