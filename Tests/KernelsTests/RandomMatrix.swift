import Compute
import Kernels

/// A weight matrix in the packed form of a format, and the values that it stands for.
struct RandomMatrix {
    let format: WeightFormat
    let columns: Int
    let depth: Int
    /// `[columns][depth]`
    private(set) var values: [Float] = []
    private var words: [[UInt32]] = []
    private var scales: [[UInt32]] = []

    init(format: WeightFormat, columns: Int, depth: Int, numbers: inout Numbers) {
        self.format = format
        self.columns = columns
        self.depth = depth
        for _ in 0..<columns { appendRow(&numbers) }
    }

    private mutating func appendRow(_ numbers: inout Numbers) {
        switch format {
        case .f32:
            let row = numbers.floats(depth)
            values += row
            words.append(row.map(\.bitPattern))
            scales.append([])
        case .f16:
            let row = numbers.floats(depth).map { Float16($0) }
            values += row.map { Float($0) }
            words.append(
                stride(from: 0, to: depth, by: 2).map { Self.pair(row[$0].bitPattern, row[$0 + 1].bitPattern) })
            scales.append([])
        case .bf16:
            let row = numbers.floats(depth).map { UInt16($0.bitPattern >> 16) }
            values += row.map { Float(bitPattern: UInt32($0) << 16) }
            words.append(stride(from: 0, to: depth, by: 2).map { Self.pair(row[$0], row[$0 + 1]) })
            scales.append([])
        case .q8, .q4: appendBlocks(&numbers)
        }
    }

    private mutating func appendBlocks(_ numbers: inout Numbers) {
        var row: [UInt32] = []
        var rowScales: [UInt32] = []
        for _ in 0..<depth / 32 {
            let (d, m) = (Float16(numbers.float() / 64), Float16(numbers.float() / 8))
            rowScales.append(Self.pair(d.bitPattern, m.bitPattern))
            let quants = (0..<32).map { _ in UInt32(numbers.below(format == .q8 ? 256 : 16)) }
            values += quants.map { Float($0) * Float(d) + Float(m) }
            for word in 0..<(format == .q8 ? 8 : 4) {
                let bytes = (0..<4).map { 4 * word + $0 }.map {
                    quants[$0] | (format == .q4 ? quants[$0 + 16] << 4 : 0)
                }
                row.append(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24)
            }
        }
        words.append(row)
        scales.append(rowScales)
    }

    private static func pair(_ low: UInt16, _ high: UInt16) -> UInt32 { UInt32(low) | UInt32(high) << 16 }

    /// Packs the matrix, its panels alternating with those of `other` where there is one.
    func upload(to device: any Device, alternatingWith other: RandomMatrix? = nil) throws -> DeviceWeights {
        let layout = PanelLayout(vectorWidth: device.limits.vectorWidth)
        let parts = [self] + (other.map { [$0] } ?? [])
        let shape = PanelShape(
            format: format, depth: depth, panels: parts.count * layout.padded(columns) / layout.width, layout: layout)
        var packed = [UInt32](repeating: 0, count: shape.weightByteCount / 4)
        var packedScales = [UInt32](repeating: 0, count: shape.scaleByteCount / 4)
        packed.withUnsafeMutableBufferPointer { packed in
            packedScales.withUnsafeMutableBufferPointer { packedScales in
                for (index, part) in parts.enumerated() {
                    for row in 0..<columns {
                        shape.store(
                            words: part.words[row], scales: part.scales[row],
                            panel: row / layout.width * parts.count + index, column: row % layout.width,
                            weights: packed, packedScales: packedScales)
                    }
                }
            }
        }
        let words = try device.makeBuffer(byteCount: 4 * packed.count, access: .device, label: "weights")
        try words.write(packed)
        guard !packedScales.isEmpty else { return DeviceWeights(shape: shape, words: words, scales: nil) }
        let scales = try device.makeBuffer(byteCount: 4 * packedScales.count, access: .device, label: "scales")
        try scales.write(packedScales)
        return DeviceWeights(shape: shape, words: words, scales: scales)
    }
}
