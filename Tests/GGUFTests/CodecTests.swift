import GGUF
import Testing

@Suite("Tensor types against the reference implementation")
struct CodecTests {
    @Test("Quantised bytes are those of the reference", arguments: Golden.types)
    func quantize(type: TensorType) throws {
        let file = try Golden.open("vectors")
        let input = try file.tensor("input").floats()
        let expected = try file.tensor("quantized.\(type.name)")
        #expect(expected.type == type)
        let bytes = quantized(input, type)
        let rowByteCount = expected.layout.rowByteCount
        let expectedBytes = try expected.bytes()
        for (row, (ours, theirs)) in zip(rows(bytes, rowByteCount), rows(expectedBytes, rowByteCount)).enumerated() {
            #expect(ours == theirs, "row \(row)")
        }
    }

    @Test("Dequantised values are those of the reference, bit by bit", arguments: TensorType.allCases)
    func dequantize(type: TensorType) throws {
        let file = try Golden.open(type)
        let values = try file.tensor("quantized.\(type.name)").floats()
        let expected = try file.tensor("dequantized.\(type.name)").floats()
        #expect(values.count == expected.count)
        for (index, (ours, theirs)) in zip(values, expected).enumerated() {
            #expect(
                ours.bitPattern == theirs.bitPattern || (ours.isNaN && theirs.isNaN),
                "value \(index): \(ours) against \(theirs)")
        }
    }

    @Test("What is written loses no more than with llama.cpp's encoder", arguments: [TensorType.q4_k, .q6_k])
    func losses(type: TensorType) throws {
        let file = try Golden.open(type)
        let input = try file.tensor("input")
        let rows = 0..<input.layout.rowCount
        let values = try input.floats(rows: rows)
        let theirs = try file.tensor("quantized.\(type.name)").floats(rows: rows)
        let bytes = quantized(values, type)
        let ours = bytes.withUnsafeBytes { self.values($0, type) }
        for row in rows {
            func loss(_ decoded: [Float]) -> Float {
                (256 * row..<256 * (row + 1)).reduce(0) { $0 + (decoded[$1] - values[$1]) * (decoded[$1] - values[$1]) }
            }
            #expect(loss(ours) <= 1.03 * loss(theirs), "row \(row)")
        }
    }

    @Test("Rows without a number are written all the same", arguments: [TensorType.q4_k, .q6_k])
    func extremes(type: TensorType) {
        for value in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, 1e-45, -0.0] {
            var values = (0..<256).map { Float($0) }
            values[100] = value
            #expect(quantized(values, type).count == type.blockByteCount)
            #expect(quantized([Float](repeating: value, count: 256), type).count == type.blockByteCount)
        }
    }

    @Test("Unpacked quants give the very values", arguments: TensorType.allCases.filter(\.isQuantized))
    func unpack(type: TensorType) throws {
        let tensor = try Golden.open(type).tensor("quantized.\(type.name)")
        let values = try tensor.floats()
        var unpacked = UnpackedBlocks(type, count: values.count)
        try tensor.bytes().withUnsafeBytes { type.unpack($0, into: &unpacked) }
        let bits: [TensorType: UInt8] = [.q5_0: 5, .q5_1: 5, .q8_0: 8, .q2_k: 2, .q3_k: 3, .q5_k: 5, .q6_k: 6]
        #expect(try #require(unpacked.quants.max()) <= UInt8.max >> (8 - bits[type, default: 4]))
        let parts = unpacked.partScales.count / unpacked.scales.count
        for (index, value) in values.enumerated() where value.isFinite {
            let (block, quant) = (index / type.blockSize, unpacked.quants[index])
            let (scale, minimum) = (unpacked.scales[block], unpacked.minimums[block])
            guard parts > 0 else {
                if scale.isFinite && minimum.isFinite { #expect(Float(quant) * scale + minimum == value) }
                continue
            }
            let part = index / (type.blockSize / parts)
            let (s, m) = (
                scale * Float(unpacked.partScales[part]), minimum * Float(unpacked.partMinimums[part])
            )
            #expect(s * number(quant, type) - m == value, "value \(index)")
        }
    }

    /// What a quant of a type with parts stands for.
    private func number(_ quant: UInt8, _ type: TensorType) -> Float {
        switch type {
        case .q3_k: Float(quant) - 4
        case .q6_k: Float(quant) - 32
        case .iq4_nl, .iq4_xs:
            [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113][Int(quant)]
        case .mxfp4: [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12][Int(quant)]
        default: Float(quant)
        }
    }

    @Test("All half-precision bit patterns survive decoding and encoding")
    func halfPrecision() {
        for pattern in UInt16.min ... .max where pattern & 0x7c00 != 0x7c00 || pattern & 0x3ff == 0 {
            let value = withUnsafeBytes(of: pattern) { values($0, .f16) }
            #expect(value[0] == Float(Float16(bitPattern: pattern)))
            #expect(quantized(value, .f16) == [UInt8(truncatingIfNeeded: pattern), UInt8(pattern >> 8)])
        }
    }

    private func values(_ bytes: UnsafeRawBufferPointer, _ type: TensorType) -> [Float] {
        var values = [Float](repeating: 0, count: bytes.count / type.blockByteCount * type.blockSize)
        values.withUnsafeMutableBufferPointer { type.dequantize(bytes, into: $0) }
        return values
    }

    private func rows(_ bytes: [UInt8], _ rowByteCount: Int) -> [ArraySlice<UInt8>] {
        stride(from: 0, to: bytes.count, by: rowByteCount).map { bytes[$0..<$0 + rowByteCount] }
    }
}
