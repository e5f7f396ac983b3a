import Compute
import Kernels

/// A weight matrix in the packed form of a format, and the values that it stands for.
struct RandomMatrix {
    let format: WeightFormat
    let columns: Int
    let depth: Int
    /// `[columns][depth]`
    private(set) var values: [Float] = []
    /// `[columns][depth]`: what a weight's rounding is relative to, `|byte d| + |m|` for those in blocks.
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
            if let layout = format.blocks { appendBlocks(layout, &numbers) } else { appendRow(&numbers, special) }
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
            format.bits == 32 ? row : stride(from: 0, to: depth, by: 2).map { row[$0] | row[$0 + 1] << 16 })
        scales.append([])
    }

    /// Scales are of few bits, so that kernels compute `d` and `m` exactly.
    private mutating func appendBlocks(_ layout: BlockLayout, _ numbers: inout Numbers) {
        let (spans, parts) = (depth / layout.span, layout.span / layout.partSize)
        let isParted = layout.span > 32
        // Weights of at most about two.
        let largest = (0..<1 << layout.bits).reduce(1) { max($0, abs(layout.byte(UInt8($1)) - layout.zero)) }
        let row = RowScales(
            scales: (0..<spans).map { _ in Float(numbers.half(2 / Float(largest * layout.scaleLimit))) },
            minimums: (0..<spans).map { _ in Float(numbers.half(isParted ? 1 / 128 : 1 / 8)) },
            partScales: (0..<spans * parts).map { _ in layout.randomScale(&numbers) },
            partMinimums: (0..<spans * parts).map { _ in UInt8(numbers.below(layout.scales == .nibbles ? 16 : 64)) })
        let quants = (0..<depth).map { _ in UInt8(numbers.below(1 << layout.bits)) }
        for (k, quant) in quants.enumerated() {
            let (span, part) = (k / layout.span, k / layout.partSize)
            let d = row.scales[span] * (isParted ? Float(row.partScales[part]) : 1)
            let m: Float =
                switch layout.scales {
                case .halves: row.minimums[span]
                case .singles, .signed: d * -Float(layout.zero)
                case .pairs, .nibbles: -row.minimums[span] * Float(row.partMinimums[part])
                }
            let scaled = Float(layout.byte(quant)) * d
            values.append(scaled + m)
            magnitudes.append(abs(scaled) + abs(m))
        }
        let shape = PanelShape(format: format, depth: depth, panels: 1, layout: PanelLayout(vectorWidth: 4))
        var packed = [UInt32](repeating: 0, count: shape.wordsPerRow)
        var packedScales = [UInt32](repeating: 0, count: shape.scaleWordsPerRow)
        quants.withUnsafeBufferPointer { layout.pack($0, into: &packed) }
        let fits = layout.pack(row, into: &packedScales)
        precondition(fits, "halves are no halves")
        words.append(packed)
        scales.append(packedScales)
    }

    /// The matrix packed for a device, its columns by turns with those of `other` where there is one. Columns that
    /// only fill the last panel up hold `TestBuffer.guardWord`, which is no number in any format: no result may come
    /// from them.
    func upload(to bench: Workbench, alternatingWith other: RandomMatrix? = nil) throws(ComputeError) -> PackedMatrix {
        try Self.upload([[self] + (other.map { [$0] } ?? [])], to: bench)
    }

    /// Several of these, one behind the other.
    /// - Parameter matrices: of each those that take turns.
    static func upload(_ matrices: [[RandomMatrix]], to bench: Workbench) throws(ComputeError) -> PackedMatrix {
        let layout = PanelLayout(vectorWidth: bench.limits.vectorWidth)
        let first = matrices[0][0], columns = first.columns
        let panels = matrices[0].count * layout.padded(columns) / layout.width
        let shape = PanelShape(
            format: first.format, depth: first.depth, panels: matrices.count * panels, layout: layout)
        var packed = [UInt32](repeating: TestBuffer.guardWord, count: shape.weightByteCount / 4)
        var packedScales = [UInt32](repeating: TestBuffer.guardWord, count: shape.scaleByteCount / 4)
        packed.withUnsafeMutableBufferPointer { packed in
            packedScales.withUnsafeMutableBufferPointer { packedScales in
                for (number, parts) in matrices.enumerated() {
                    for (index, part) in parts.enumerated() {
                        for column in 0..<columns {
                            let place = layout.place(of: column, part: index, of: parts.count)
                            shape.store(
                                words: part.words[column], scales: part.scales[column],
                                panel: number * panels + place.panel, column: place.column, weights: packed,
                                packedScales: packedScales)
                        }
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

extension BlockLayout {
    /// What a part's scale is less than in size.
    fileprivate var scaleLimit: Int {
        switch scales {
        case .halves, .singles: 1
        case .signed: partSize == 16 ? 128 : 32
        case .pairs: 64
        case .nibbles: 16
        }
    }

    fileprivate func randomScale(_ numbers: inout Numbers) -> Int8 {
        Int8(scales == .signed ? numbers.below(2 * scaleLimit) - scaleLimit : numbers.below(scaleLimit))
    }
}
