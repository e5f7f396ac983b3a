import Compute
import Kernels

/// The matrix products of a layer and of the head.
enum MatMulCases {
    /// The product that goals are set for: f32, 32 rows, 576 by 576.
    static var goal: KernelCase {
        product(
            model: "GEMM", "32x576x576", format: .f32, rows: 32, depth: 576, columns: 576, epilogue: .none)
    }

    static func cases(_ model: ModelSizes, formats: [WeightFormat], rows: [Int]) -> [KernelCase] {
        formats.flatMap { format in
            rows.flatMap { rows in
                layer(model, format: format, rows: rows) + (rows > 8 ? [] : [head(model, format: format, rows: rows)])
            }
        }
    }

    private static func layer(_ model: ModelSizes, format: WeightFormat, rows: Int) -> [KernelCase] {
        let (d, f) = (model.embedding, model.feedForward)
        return [
            product(
                model: model.name, "q, k, v", format: format, rows: rows, depth: d, columns: model.qkvWidth,
                epilogue: .none),
            product(
                model: model.name, "gate and up", format: format, rows: rows, depth: d, columns: f, epilogue: .swiglu),
            product(
                model: model.name, "down", format: format, rows: rows, depth: f, columns: d, epilogue: .residual),
        ]
    }

    private static func head(_ model: ModelSizes, format: WeightFormat, rows: Int) -> KernelCase {
        product(
            model: model.name, "head", format: format, rows: rows, depth: model.embedding, columns: model.vocabulary,
            epilogue: .none)
    }

    private static func product(
        model: String, _ name: String, format: WeightFormat, rows: Int, depth: Int, columns: Int,
        epilogue: MatMul.Epilogue
    ) -> KernelCase {
        let matrices = epilogue == .swiglu ? 2 : 1
        let weights = matrices * columns * format.byteCount(of: depth)
        return KernelCase(
            kernel: "matmul", model: model, shape: "\(name) \(matrices * columns)x\(depth)", format: format.rawValue,
            rows: rows, operations: 2 * Double(matrices * columns * depth * rows),
            bytes: Double(weights + 4 * rows * (depth + columns))
        ) { kernels throws(ComputeError) in
            let layout = PanelLayout(vectorWidth: kernels.limits.vectorWidth)
            let shape = PanelShape(
                format: format, depth: depth, panels: matrices * layout.padded(columns) / layout.width, layout: layout)
            let device = kernels.device
            let packed = DeviceWeights(
                shape: shape, words: try device.makeFilled(byteCount: shape.weightByteCount, word: word(of: format)),
                scales: shape.scaleByteCount == 0
                    ? nil : try device.makeFilled(byteCount: shape.scaleByteCount, word: 0x1400_1400))
            let product = try Products(
                kernels,
                .init(device.makeNumbers(rows * depth), bytes: QuantisedRows(rows: rows, depth: depth, for: kernels)),
                depth: depth, [.init(packed, columns: columns)], y: device.makeNumbers(rows * columns), stride: columns,
                epilogue: epilogue)
            return { product.encode($0, rows: rows) }
        }
    }

    /// Weights of about a hundredth, so that nothing grows beyond bounds or falls below the normal numbers.
    private static func word(of format: WeightFormat) -> UInt32 {
        switch format {
        case .f32: Float(0.01).bitPattern
        case .f16: 0x211f_211f
        case .bf16: 0x3c24_3c24
        default: 0x5a3c_96e1
        }
    }
}
