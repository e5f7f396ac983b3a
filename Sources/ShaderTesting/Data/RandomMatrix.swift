import Compute
import Kernels

/// A weight matrix in the packed form of a format, and the values that it stands for.
struct RandomMatrix {
    let format: WeightFormat
    let columns: Int
    let depth: Int
    /// `[columns][depth]`
    private(set) var values: [Float] = []
    /// `[columns][depth]`: what a weight's rounding is relative to, `|q d| + |m|` for those in blocks.
    private(set) var magnitudes: [Float] = []
    private var words: [[UInt32]] = []
    private var scales: [[UInt32]] = []

    /// - Parameter special: stands in every seventh place, in formats where a weight stands for itself.
    init(format: WeightFormat, columns: Int, depth: Int, special: Float? = nil, numbers: inout Numbers) {
        self.format = format
        self.columns = columns
        self.depth = depth
        values.reserveCapacity(columns * depth)
        magnitudes.reserveCapacity(columns * depth)
        for _ in 0..<columns {
            if format.blockSize == nil { appendRow(&numbers, special) } else { appendBlocks(&numbers) }
        }
    }

    private mutating func appendRow(_ numbers: inout Numbers, _ special: Float?) {
        var row: [UInt32] = []
        for k in 0..<depth {
            let chosen = k % 7 == 3 ? special : nil
            switch format {
            case .f16:
                let half = chosen.map { Float16($0) } ?? numbers.half()
                values.append(Float(half))
                row.append(UInt32(half.bitPattern))
            case .bf16:
                let bits = (chosen ?? numbers.float()).bitPattern >> 16
                values.append(Float(bitPattern: bits << 16))
                row.append(bits)
            default:
                values.append(chosen ?? numbers.float())
                row.append(values[values.count - 1].bitPattern)
            }
        }
        magnitudes += values.suffix(depth)
        words.append(
            format.weightsPerWord == 1 ? row : stride(from: 0, to: depth, by: 2).map { row[$0] | row[$0 + 1] << 16 })
        scales.append([])
    }

    private mutating func appendBlocks(_ numbers: inout Numbers) {
        var row: [UInt32] = []
        var rowScales: [UInt32] = []
        for _ in 0..<depth / 32 {
            let (d, m) = (numbers.half(1 / 64), numbers.half(1 / 8))
            rowScales.append(UInt32(d.bitPattern) | UInt32(m.bitPattern) << 16)
            let quants = (0..<32).map { _ in UInt32(numbers.below(format == .q8 ? 256 : 16)) }
            for quant in quants {
                let scaled = Float(quant) * Float(d)
                values.append(scaled + Float(m))
                magnitudes.append(abs(scaled) + abs(Float(m)))
            }
            for word in 0..<32 / format.weightsPerWord {
                let bytes = (4 * word..<4 * word + 4).map {
                    quants[$0] | (format == .q4 ? quants[$0 + 16] << 4 : 0)
                }
                row.append(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24)
            }
        }
        words.append(row)
        scales.append(rowScales)
    }

    /// The matrix packed for a device, its columns by turns with those of `other` where there is one. Columns that
    /// only fill the last panel up hold `TestBuffer.guardWord`, which is no number in any format: no result may come
    /// from them.
    func upload(to bench: Workbench, alternatingWith other: RandomMatrix? = nil) throws(ComputeError) -> PackedMatrix {
        let layout = PanelLayout(vectorWidth: bench.limits.vectorWidth)
        let parts = [self] + (other.map { [$0] } ?? [])
        let shape = PanelShape(
            format: format, depth: depth, panels: parts.count * layout.padded(columns) / layout.width, layout: layout)
        var packed = [UInt32](repeating: TestBuffer.guardWord, count: shape.weightByteCount / 4)
        var packedScales = [UInt32](repeating: TestBuffer.guardWord, count: shape.scaleByteCount / 4)
        packed.withUnsafeMutableBufferPointer { packed in
            packedScales.withUnsafeMutableBufferPointer { packedScales in
                for (index, part) in parts.enumerated() {
                    for column in 0..<columns {
                        let place = layout.place(of: column, part: index, of: parts.count)
                        shape.store(
                            words: part.words[column], scales: part.scales[column], panel: place.panel,
                            column: place.column, weights: packed, packedScales: packedScales)
                    }
                }
            }
        }
        var inputs = [try TestBuffer("weights", packed, on: bench.device)]
        if !packedScales.isEmpty { inputs.append(try TestBuffer("scales", packedScales, on: bench.device)) }
        let scales = inputs.count > 1 ? inputs[1].buffer : nil
        return PackedMatrix(
            weights: DeviceWeights(shape: shape, words: inputs[0].buffer, scales: scales), inputs: inputs)
    }
}

/// A matrix on a device, and its buffers as inputs of a trial.
struct PackedMatrix {
    var weights: DeviceWeights
    var inputs: [TestBuffer]
}
