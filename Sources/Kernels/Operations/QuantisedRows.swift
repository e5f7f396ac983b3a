package import Compute

/// Rows of activations as signed bytes, in blocks of 32 that share a scale: what products of whole numbers read.
package struct QuantisedRows: Sendable {
    /// Numbers that share a scale.
    package static let blockSize = 32
    package static let scalesPerBlock = 3

    /// `[rows][depth / 4]`, four signed bytes a word
    package let bytes: any Buffer
    /// `[rows][depth / 32][scalesPerBlock]`: a block's scale, and the scale times the sum of the bytes of either half
    package let scales: any Buffer

    package init(bytes: any Buffer, scales: any Buffer) {
        self.bytes = bytes
        self.scales = scales
    }

    /// Room for `rows` rows of at most `depth` numbers; `nil` on devices that do not prefer products of whole numbers.
    package init?(rows: Int, depth: Int, for kernels: KernelSet) throws(ComputeError) {
        guard kernels.limits.prefersIntegerProducts else { return nil }
        try self.init(rows: rows, depth: depth, on: kernels.device)
    }

    /// Room for `rows` rows of at most `depth` numbers.
    package init(rows: Int, depth: Int, on device: any Device) throws(ComputeError) {
        bytes = try device.makeBuffer(byteCount: rows * depth, access: .device, label: "quantised rows")
        scales = try device.makeBuffer(
            byteCount: rows * depth / Self.blockSize * Self.scalesPerBlock * 4, access: .device,
            label: "scales of quantised rows")
    }
}

/// Makes bytes of rows of activations, as they are or normalised.
package struct Quantise: Sendable {
    private let kernel: KernelPromise
    private let depth: Int
    private let epsilon: Float

    /// - Parameters:
    ///   - x: `[rows][depth]` floats
    ///   - norm: what the rows are normalised by first.
    ///   - depth: a multiple of 32
    package init(
        _ kernels: KernelSet, x: any Buffer, norm: Normalisation? = nil, y: QuantisedRows, depth: Int
    ) throws(ComputeError) {
        precondition(depth % QuantisedRows.blockSize == 0, "rows of \(depth) are no whole blocks")
        kernel = try kernels.promise(
            "quantise", ["NORM": norm == nil ? "0" : "1", "GATHER": norm?.sources == nil ? "0" : "1"],
            [x, norm?.weight ?? x, norm?.sources ?? x, y.bytes, y.scales], groupSize: kernels.limits.rowGroupSize)
        self.depth = depth
        epsilon = norm?.epsilon ?? 0
    }

    package func encode(_ commands: any Commands, rows: Int) {
        var parameters = Parameters()
        parameters.append(depth)
        parameters.append(epsilon)
        commands.dispatch(kernel, parameters, tiles: rows)
    }
}
