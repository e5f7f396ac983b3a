import Compute
import Kernels
import Quantities

extension KernelSet {
    /// Weights of about a hundredth for `product`, so that nothing grows beyond bounds or falls below the normal
    /// numbers.
    func makeWeights(_ product: MatrixProduct) throws(ComputeError) -> DeviceWeights {
        let layout = PanelLayout(vectorWidth: limits.vectorWidth), matrices = product.isPaired ? 2 : 1
        let shape = PanelShape(
            format: product.format, depth: product.depth,
            panels: matrices * layout.padded(product.columns) / layout.width, layout: layout)
        let word: UInt32 =
            switch product.format {
            case .f32: Float(0.01).bitPattern
            case .f16: 0x211f_211f
            case .bf16: 0x3c24_3c24
            default: 0x5a3c_96e1
            }
        return DeviceWeights(
            shape: shape, words: try device.makeFilled(byteCount: shape.weightByteCount, word: word),
            scales: shape.scaleByteCount == 0
                ? nil : try device.makeFilled(byteCount: shape.scaleByteCount, word: 0x1400_1400))
    }

    /// `rows` rows of what `product` takes.
    func makeRows(_ product: MatrixProduct, rows: Int) throws(ComputeError) -> MatMul.Rows {
        guard product.terms > 0 else { return .floats(try device.makeNumbers(rows * product.depth)) }
        let count = rows * product.terms * product.depth
        let scales = count / QuantisedRows.blockSize * QuantisedRows.scalesPerBlock
        return .bytes(
            QuantisedRows(
                bytes: try device.makeFilled(byteCount: count, word: 0x4021_fe5d),
                scales: try device.makeFilled(byteCount: 4 * scales, word: Float(0.01).bitPattern),
                terms: product.terms))
    }
}
