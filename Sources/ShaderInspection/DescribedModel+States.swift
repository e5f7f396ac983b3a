import Compute
import Kernels

extension KernelSet {
    /// Binds what layers with a constant state take, at the sizes of Qwen 3.5, Granite 4, LFM2 and Falcon H1.
    func bindStates(poolBytes: Int) throws(ComputeError) {
        let x = try described(1 << 26), y = try described(1 << 26), few = try described(1 << 14)
        let pieces = PieceBuffers(pieces: few, tables: few, pool: try described(poolBytes), pageBytes: 1 << 14)
        let (columns, results) = (RowColumns(buffer: x, stride: 1 << 14), RowColumns(buffer: y, stride: 1 << 14))
        let convolutions: [(CausalConvolution.Shape, hasBias: Bool)] = [
            (.init(channels: 6144, taps: 4, form: .silu), false), (.init(channels: 3328, taps: 4, form: .silu), true),
            (.init(channels: 2048, taps: 3, form: .gated), false),
        ]
        for (shape, hasBias) in convolutions {
            _ = try CausalConvolution(
                self, shape, x: columns, weight: few, bias: hasBias ? few : nil, y: results, pieces: pieces,
                firstPage: 0)
        }
        let recurrences: [StateRecurrence.Shape] = [
            .init(rule: .delta, heads: 32, keyHeads: 16, keySize: 128, valueSize: 128, sharing: .modulo),
            .init(rule: .scan, heads: 48, keyHeads: 1, keySize: 128, valueSize: 64, sharing: .groups),
            .init(rule: .scan, heads: 24, keyHeads: 1, keySize: 256, valueSize: 64, sharing: .groups),
        ]
        for shape in recurrences {
            let isDelta = shape.rule == .delta
            _ = try StateRecurrence(
                self, shape, queries: columns, keys: columns, values: columns, steps: columns,
                betas: isDelta ? columns : nil, decay: few, stepBias: few, skip: isDelta ? nil : few, y: results,
                pieces: pieces, firstPage: 0)
        }
        for (order, groups, width) in [(GatedNorm.Order.normFirst, 16, 128), (.gateFirst, 1, 3072)] {
            _ = try GatedNorm(
                self, order, x: results, gate: columns, weight: few, groups: groups, width: width, epsilon: 1e-6)
        }
    }
}
