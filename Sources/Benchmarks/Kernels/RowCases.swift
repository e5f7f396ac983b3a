import Compute
import Kernels
import Quantities

/// Kernels that take each row for itself: norms and the look-up of embeddings.
enum RowCases {
    /// Formats of which the model's rows are no whole blocks are left out.
    static func cases(_ model: LlamaShape, formats: [WeightFormat], isQuick: Bool) -> [KernelCase] {
        let rows = isQuick ? [1, 32] : [1, 32, 512]
        return rows.map { norm(model, rows: $0) }
            + formats.filter { model.embedding % $0.depthMultiple == 0 }
            .flatMap { format in rows.map { embed(model, format, rows: $0) } }
    }

    private static func norm(_ model: LlamaShape, rows: Int) -> KernelCase {
        let width = model.embedding
        return KernelCase(
            kernel: "norm", model: model.name, shape: "\(width)", format: "", rows: rows,
            operations: 4 * Double(rows * width), bytes: Double(4 * width * (2 * rows + 1))
        ) { kernels throws(ComputeError) in
            let device = kernels.device
            let norm = try Norm(
                kernels, x: device.makeNumbers(rows * width),
                Normalisation(weight: device.makeNumbers(width), epsilon: 1e-5), y: device.makeNumbers(rows * width),
                width: width)
            return { norm.encode($0, rows: rows) }
        }
    }

    private static func embed(_ model: LlamaShape, _ format: WeightFormat, rows: Int) -> KernelCase {
        let depth = model.embedding
        let row = format.byteCount(of: depth)
        return KernelCase(
            kernel: "embed", model: model.name, shape: "\(model.vocabulary)x\(depth)", format: format.rawValue,
            rows: rows, operations: 0, bytes: Double(rows * (row + 4 * depth))
        ) { kernels throws(ComputeError) in
            let layout = PanelLayout(vectorWidth: kernels.limits.vectorWidth)
            let shape = PanelShape(
                format: format, depth: depth, panels: layout.padded(model.vocabulary) / layout.width, layout: layout)
            let device = kernels.device
            let table = DeviceWeights(
                shape: shape, words: try device.makeFilled(byteCount: shape.weightByteCount, word: 0x3c24_3c24),
                scales: shape.scaleByteCount == 0
                    ? nil : try device.makeFilled(byteCount: shape.scaleByteCount, word: 0x1400_1400))
            let tokens = try device.makeBuffer(byteCount: max(16, 4 * rows), access: .host, label: "tokens")
            try tokens.write((0..<rows).map { UInt32($0 * 7919 % model.vocabulary) })
            let embed = try Embed(kernels, tokens: tokens, table: table, y: device.makeNumbers(rows * depth))
            return { embed.encode($0, rows: rows) }
        }
    }
}
