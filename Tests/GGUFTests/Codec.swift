import GGUF

func quantized(_ values: [Float], _ type: TensorType) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xaa, count: values.count / type.blockSize * type.blockByteCount)
    values.withUnsafeBufferPointer { values in
        bytes.withUnsafeMutableBytes { type.quantize(values, into: $0) }
    }
    return bytes
}
