package import Compute

/// The products of the same rows with one matrix or several, side by side in `y`.
///
/// They are of whole numbers where the input has room for bytes and the weights are quantised; a norm in front then
/// writes nothing else.
package struct Products: Sendable {
    /// What is multiplied.
    package struct Input {
        /// `[rows][depth]` floats
        package var x: any Buffer
        /// What the rows are normalised by first, and where they then stand as floats.
        package var norm: (Normalisation, y: any Buffer)?
        /// Where they stand as bytes; `nil` for products of floats. Shared: free again when the products are done.
        package var bytes: QuantisedRows?

        package init(_ x: any Buffer, norm: (Normalisation, y: any Buffer)? = nil, bytes: QuantisedRows? = nil) {
            self.x = x
            self.norm = norm
            self.bytes = bytes
        }
    }

    /// A matrix, and the columns of `y` that it fills.
    package struct Part {
        package var weights: DeviceWeights
        /// See `MatMul`.
        package var bias: (any Buffer)?
        package var offset: Int
        package var columns: Int

        package init(_ weights: DeviceWeights, bias: (any Buffer)? = nil, offset: Int = 0, columns: Int) {
            self.weights = weights
            self.bias = bias
            self.offset = offset
            self.columns = columns
        }
    }

    private let norm: Norm?
    private let quantise: Quantise?
    private let products: [MatMul]

    /// - Parameters:
    ///   - depth: of all matrices.
    ///   - y: `[rows][stride]` floats
    package init(
        _ kernels: KernelSet, _ input: Input, depth: Int, _ parts: [Part], y: any Buffer, stride: Int,
        epilogue: MatMul.Epilogue = .none
    ) throws(ComputeError) {
        func bytes(for part: Part) -> QuantisedRows? {
            part.weights.shape.format.blocks == nil ? nil : input.bytes
        }
        let shared = parts.lazy.compactMap(bytes).first
        let allTakeBytes = parts.allSatisfy { bytes(for: $0) != nil }
        let floats = input.norm?.y ?? input.x
        norm =
            if let (norm, y) = input.norm, !allTakeBytes {
                try Norm(kernels, x: input.x, norm, y: y, width: depth)
            } else { nil }
        quantise = try shared.map { y throws(ComputeError) in
            allTakeBytes
                ? try Quantise(kernels, x: input.x, norm: input.norm?.0, y: y, depth: depth)
                : try Quantise(kernels, x: floats, y: y, depth: depth)
        }
        products = try parts.map { part throws(ComputeError) in
            try MatMul(
                kernels, x: bytes(for: part).map { .bytes($0) } ?? .floats(floats), weights: part.weights,
                bias: part.bias, y: y, columns: part.columns, stride: stride, offset: part.offset, epilogue: epilogue)
        }
    }

    /// The heights of tiles that a batch chooses among.
    package var heights: [Int] { products.flatMap(\.heights) }

    /// The products, as their shapes know them.
    package var matrices: [MatrixProduct] { products.map(\.product) }

    package func encode(_ commands: any Commands, rows: Int) {
        norm?.encode(commands, rows: rows)
        quantise?.encode(commands, rows: rows)
        for product in products { product.encode(commands, rows: rows) }
    }
}
