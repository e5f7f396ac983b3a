import GGUF
import Testing

@Suite("Tensor types against the reference implementation")
struct CodecTests {
    @Test("Quantised bytes are those of the reference", arguments: TensorType.allCases)
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
        let file = try Golden.open("vectors")
        let values = try file.tensor("quantized.\(type.name)").floats()
        let expected = try file.tensor("dequantized.\(type.name)").floats()
        #expect(values.count == expected.count)
        for (index, (ours, theirs)) in zip(values, expected).enumerated() {
            #expect(
                ours.bitPattern == theirs.bitPattern || (ours.isNaN && theirs.isNaN),
                "row \(index / 64) value \(index % 64): \(ours) against \(theirs)")
        }
    }

    @Test("Unpacked quants give the very values", arguments: TensorType.allCases.filter(\.isQuantized))
    func unpack(type: TensorType) throws {
        let tensor = try Golden.open("vectors").tensor("quantized.\(type.name)")
        let values = try tensor.floats()
        var quants = [UInt8](repeating: 0, count: values.count)
        var scales = [Float](repeating: 0, count: values.count / 32)
        var minimums = scales
        try tensor.bytes().withUnsafeBytes { bytes in
            quants.withUnsafeMutableBufferPointer { quants in
                scales.withUnsafeMutableBufferPointer { scales in
                    minimums.withUnsafeMutableBufferPointer { minimums in
                        type.unpack(bytes, quants: quants, scales: scales, minimums: minimums)
                    }
                }
            }
        }
        let limits: [TensorType: UInt8] = [.q4_0: 15, .q4_1: 15, .q5_0: 31, .q5_1: 31, .q8_0: 255]
        #expect(try #require(quants.max()) <= #require(limits[type]))
        for (index, value) in values.enumerated() where scales[index / 32].isFinite && minimums[index / 32].isFinite {
            #expect(Float(quants[index]) * scales[index / 32] + minimums[index / 32] == value)
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
