import GGUF

extension HostileFile {
    static let tensors: [HostileFile] = [
        tensor("no dimensions", .badDimensions, "0 dimensions", shape: []),
        tensor("five dimensions", .badDimensions, "5 dimensions", shape: [1, 1, 1, 1, 1]),
        HostileFile(
            "2^32-1 dimensions", .badDimensions, "4294967295",
            RawFile.tensors {
                $0.add("t")
                $0.add(UInt32.max)
            }),
        tensor("dimension 0", .badDimensions, "0", shape: [32, 0]),
        tensor("dimension 2^63", .badDimensions, "9223372036854775808", shape: [1 << 63]),
        tensor("dimensions that overflow", .badDimensions, "overflow", shape: [1 << 32, 1 << 32]),
        // The llama.cpp overflow: the product wraps to something small.
        tensor("dimensions that wrap", .badDimensions, "overflow", shape: [1 << 42 + 1, 1 << 42, 2]),
        tensor("byte size that overflows", .badDimensions, "overflow", shape: [1 << 62, 1]),
        tensor("larger than the file", .badOffset, "outside", shape: [65]),
        tensor("ragged rows", .raggedRow, "33", shape: [33, 32], type: 2),
        tensor("rows that are no whole Q4_K blocks", .raggedRow, "Q4_K blocks of 256", shape: [288, 2], type: 12),
        tensor("rows that are no whole MXFP4 blocks", .raggedRow, "MXFP4 blocks of 32", shape: [48, 2], type: 39),
        tensor("Q6_K beyond the file", .badOffset, "outside", shape: [256, 2], type: 14),
        tensor("IQ4_XS whose size overflows", .badDimensions, "overflow", shape: [1 << 62, 4], type: 23),
        tensor("type IQ2_XS", .unsupportedTensorType, "IQ2_XS", shape: [256], type: 17),
        tensor("type 99", .unsupportedTensorType, "unknown type 99", shape: [256], type: 99),
        tensor("unaligned", .badOffset, "alignment", shape: [8], offset: 16),
        tensor("at the end of the file", .badOffset, "outside", shape: [1], offset: 256),
        tensor("at 2^64-32", .badOffset, "outside", shape: [8], offset: UInt64.max - 31),
        HostileFile(
            "overlapping", .overlappingTensors, "\"a\"",
            RawFile.tensors(2) {
                $0.add(tensor: "a", shape: [16], type: 0, offset: 0)
                $0.add(tensor: "b", shape: [8], type: 0, offset: 32)
            }),
        HostileFile(
            "identical places", .overlappingTensors, "overlaps",
            RawFile.tensors(2) {
                $0.add(tensor: "a", shape: [8], type: 0, offset: 64)
                $0.add(tensor: "b", shape: [8], type: 0, offset: 64)
            }),
        HostileFile(
            "name twice", .duplicateTensor, "\"a\"",
            RawFile.tensors(2) {
                $0.add(tensor: "a", shape: [8], type: 0, offset: 0)
                $0.add(tensor: "a", shape: [8], type: 0, offset: 32)
            }),
        HostileFile(
            "name of 65 bytes", .limitExceeded, "65",
            RawFile.tensors {
                $0.add(tensor: String(repeating: "n", count: 65), shape: [8], type: 0, offset: 0)
            }),
        HostileFile(
            "empty name", .limitExceeded, "name",
            RawFile.tensors {
                $0.add(tensor: "", shape: [8], type: 0, offset: 0)
            }),
        HostileFile(
            "name not UTF-8", .invalidUTF8, "name",
            RawFile.tensors {
                $0.add([0x80, 0x80])
                $0.add(UInt64(0))
            }),
        HostileFile(
            "description cut off", .truncated, "\"abcdefghijklmnopqrstuvwxyz\"",
            {
                var file = RawFile(tensors: 1, keys: 0)
                file.add(tensor: "abcdefghijklmnopqrstuvwxyz", shape: [8], type: 0, offset: 0)
                return Array(file.bytes.dropLast())
            }()),
    ]

    private static func tensor(
        _ name: String, _ code: GGUFError.Code, _ mention: String, shape: [UInt64], type: UInt32 = 0, offset: UInt64 = 0
    ) -> HostileFile {
        HostileFile(
            name, code, mention,
            RawFile.tensors {
                $0.add(tensor: "some.weight", shape: shape, type: type, offset: offset)
            })
    }
}
