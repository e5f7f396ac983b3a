import Compute
import Kernels
import Quantities

/// The matrix products of a layer and of the head, of floats or of whole numbers, and what makes bytes for the latter.
struct MatMulCases {
    var model: LlamaShape
    /// Rows of a batch.
    var rows: [Int]

    /// The product that goals are set for: f32, 32 rows, 576 by 576.
    static var goal: KernelCase {
        Product(
            model: "GEMM", name: "32x576x576", format: .f32, rows: 32, depth: 576, columns: 576, epilogue: .none
        ).ofFloats
    }

    /// Products of rows of floats; none where the model's rows are no whole blocks of `format`.
    func ofFloats(_ format: WeightFormat) -> [KernelCase] { products(format).map(\.ofFloats) }

    /// The same of rows of bytes, for weights in blocks.
    func ofBytes(_ format: WeightFormat) -> [KernelCase] {
        format.blocks == nil ? [] : products(format).map(\.ofBytes)
    }

    /// Rows of a layer's two depths as bytes.
    var quantised: [KernelCase] {
        rows.flatMap { rows in
            [model.embedding, model.feedForward].map { depth in quantised(rows: rows, depth: depth) }
        }
    }

    private func products(_ format: WeightFormat) -> [Product] {
        let (d, f) = (model.embedding, model.feedForward)
        guard d % format.depthMultiple == 0, f % format.depthMultiple == 0 else { return [] }
        func product(
            _ name: String, _ rows: Int, _ depth: Int, _ columns: Int, _ epilogue: MatMul.Epilogue = .none,
            terms: Int = 1
        ) -> Product {
            Product(
                model: model.name, name: name, format: format, rows: rows, depth: depth, columns: columns,
                epilogue: epilogue, terms: terms)
        }
        return rows.flatMap { rows in
            [
                product("q, k, v", rows, d, model.qkvWidth), product("gate and up", rows, d, f, .swiglu),
                product("down", rows, f, d, .residual),
            ] + (rows > 8 ? [] : [product("head", rows, d, model.vocabulary, terms: 2)])
        }
    }

    private func quantised(rows: Int, depth: Int) -> KernelCase {
        // Of each number its size, the largest of them, and its byte.
        KernelCase(
            kernel: "quantise", model: model.name, shape: "\(depth)", format: "", rows: rows,
            operations: 3 * Double(rows * depth), bytes: Double(4 * rows * depth + QuantisedRows.byteCount(rows, depth))
        ) { kernels throws(ComputeError) in
            let quantise = try Quantise(
                kernels, x: kernels.device.makeNumbers(rows * depth),
                y: QuantisedRows(rows: rows, depth: depth, on: kernels.device), depth: depth)
            return { quantise.encode($0, rows: rows) }
        }
    }
}

/// One product of a matrix of weights.
private struct Product {
    var model: String
    var name: String
    var format: WeightFormat
    var rows: Int
    var depth: Int
    /// Columns of `y`.
    var columns: Int
    var epilogue: MatMul.Epilogue
    /// Rows of bytes that make one, where they are bytes.
    var terms = 1

    private var matrices: Int { epilogue.isPaired ? 2 : 1 }

    var ofFloats: KernelCase {
        measured("matmul", inputBytes: 4 * rows * depth) { kernels throws(ComputeError) in
            try kernels.makeRows(product(terms: 0), rows: rows)
        }
    }

    private func product(terms: Int) -> MatrixProduct {
        MatrixProduct(format, depth: depth, columns: columns, isPaired: epilogue.isPaired, terms: terms)
    }

    /// The rows are bytes already: what makes them so is measured apart, as it is done once for several products.
    var ofBytes: KernelCase {
        measured("matmul_bytes", inputBytes: QuantisedRows.byteCount(rows * terms, depth)) {
            kernels throws(ComputeError) in
            try kernels.makeRows(product(terms: terms), rows: rows)
        }
    }

    private func measured(
        _ kernel: String, inputBytes: Int, _ input: @escaping (KernelSet) throws(ComputeError) -> MatMul.Rows
    ) -> KernelCase {
        let weights = matrices * columns * format.byteCount(of: depth)
        return KernelCase(
            kernel: kernel, model: model, shape: "\(name) \(matrices * columns)x\(depth)", format: format.rawValue,
            rows: rows, operations: 2 * Double(matrices * columns * depth * rows),
            bytes: Double(weights + inputBytes + 4 * rows * columns)
        ) { kernels throws(ComputeError) in
            let device = kernels.device
            let product = try MatMul(
                kernels, x: input(kernels), weights: kernels.makeWeights(self.product(terms: 0)),
                y: device.makeNumbers(rows * columns), columns: columns,
                stride: columns, epilogue: epilogue)
            return { product.encode($0, rows: rows) }
        }
    }
}

extension QuantisedRows {
    /// Bytes of `rows` rows of `depth` numbers, with their scales.
    fileprivate static func byteCount(_ rows: Int, _ depth: Int) -> Int {
        rows * depth + 4 * (rows * depth / blockSize * scalesPerBlock)
    }
}
