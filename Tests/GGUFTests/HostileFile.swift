import GGUF
import Testing

/// A file that must be refused, and how.
struct HostileFile: Sendable, CustomTestStringConvertible {
    let name: String
    let code: GGUFError.Code
    /// What the error must mention besides.
    let mention: String
    let bytes: [UInt8]

    init(_ name: String, _ code: GGUFError.Code, _ mention: String, _ bytes: [UInt8]) {
        self.name = name
        self.code = code
        self.mention = mention
        self.bytes = bytes
    }

    var testDescription: String { name }
}

extension HostileFile {
    static let headers: [HostileFile] = [
        HostileFile("empty", .truncated, "magic", []),
        HostileFile("three bytes", .truncated, "magic", Array("GGU".utf8)),
        HostileFile("another format", .notGGUF, "GGUF", Array("PK\u{3}\u{4}0123456789abcdef01234567".utf8)),
        HostileFile("big-endian", .notGGUF, "big-endian", RawFile(version: 0x0300_0000, tensors: 0, keys: 0).bytes),
        HostileFile("version 0", .unsupportedVersion, "0", RawFile(version: 0, tensors: 0, keys: 0).bytes),
        HostileFile("version 1", .unsupportedVersion, "1", RawFile(version: 1, tensors: 0, keys: 0).bytes),
        HostileFile("version 4", .unsupportedVersion, "4", RawFile(version: 4, tensors: 0, keys: 0).bytes),
        HostileFile("no counts", .truncated, "number of tensors", Array("GGUF\u{3}\0\0\0".utf8)),
        HostileFile("2^63 tensors", .limitExceeded, "tensors", RawFile(tensors: 1 << 63, keys: 0).bytes),
        HostileFile("2^64-1 keys", .limitExceeded, "keys", RawFile(tensors: 0, keys: .max).bytes),
        HostileFile("one tensor, no room", .limitExceeded, "tensors", RawFile(tensors: 1, keys: 0).bytes),
    ]

    static let metadata: [HostileFile] = [
        HostileFile(
            "key of 2^63 bytes", .limitExceeded, "key",
            RawFile.metadata {
                $0.add(UInt64(1) << 63)
                $0.add(UInt64(0))
            }),
        HostileFile(
            "key of 65,536 bytes", .limitExceeded, "65535",
            RawFile.metadata {
                $0.add(key: String(repeating: "k", count: 65_536), type: 0)
            }),
        HostileFile(
            "key not UTF-8", .invalidUTF8, "key",
            RawFile.metadata {
                $0.add([0x61, 0xc3, 0x28])
                $0.add(UInt64(0))
            }),
        HostileFile(
            "value not UTF-8", .invalidUTF8, "\"a\"",
            RawFile.metadata {
                $0.add(key: "a", type: 8)
                $0.add([0xff])
            }),
        HostileFile(
            "key twice", .duplicateKey, "\"a\"",
            RawFile.metadata(keys: 2) {
                for _ in 0..<2 {
                    $0.add(key: "a", type: 0)
                    $0.add(UInt8(1))
                }
            }),
        HostileFile("value type 13", .unknownValueType, "13", RawFile.metadata { $0.add(key: "a", type: 13) }),
        HostileFile(
            "bool 2", .invalidBool, "2",
            RawFile.metadata {
                $0.add(key: "a", type: 7)
                $0.add(UInt8(2))
            }),
        HostileFile(
            "bool 255 in an array", .invalidBool, "255",
            RawFile.metadata {
                $0.add(key: "a", type: 9)
                $0.add(UInt32(7))
                $0.add([1, 0, 255])
            }),
        HostileFile(
            "string of 2^63 bytes", .limitExceeded, "\"a\"",
            RawFile.metadata {
                $0.add(key: "a", type: 8)
                $0.add(UInt64(1) << 63)
            }),
        HostileFile(
            "array of 2^63 strings", .limitExceeded, "\"a\"",
            RawFile.metadata {
                $0.add(key: "a", type: 9)
                $0.add(UInt32(8))
                $0.add(UInt64(1) << 63)
            }),
        HostileFile(
            "array whose byte size wraps to 8", .limitExceeded, "\"a\"",
            RawFile.metadata {
                $0.add(key: "a", type: 9)
                $0.add(UInt32(10))
                $0.add(UInt64(1) << 61 + 1)
                $0.add(UInt64(0))
            }),
        HostileFile(
            "array of unknown type", .unknownValueType, "99",
            RawFile.metadata {
                $0.add(key: "a", type: 9)
                $0.add(UInt32(99))
                $0.add(UInt64(0))
            }),
        HostileFile(
            "arrays in arrays without end", .nestingTooDeep, "\"a\"",
            RawFile.metadata {
                $0.add(key: "a", type: 9)
                for _ in 0..<10_000 {
                    $0.add(UInt32(9))
                    $0.add(UInt64(1))
                }
            }),
        HostileFile(
            "value cut off", .truncated, "\"abcdefgh\"",
            {
                var file = RawFile(tensors: 0, keys: 1)
                file.add(key: "abcdefgh", type: 12)
                file.add(UInt32(0))
                return file.bytes
            }()),
    ]

    static let alignments: [HostileFile] = [
        HostileFile("alignment 0", .badAlignment, "0", alignment { $0.add(UInt32(0)) }),
        HostileFile("alignment 4", .badAlignment, "4", alignment { $0.add(UInt32(4)) }),
        HostileFile("alignment 48", .badAlignment, "48", alignment { $0.add(UInt32(48)) }),
        HostileFile("alignment 2^32-1", .badAlignment, "4294967295", alignment { $0.add(UInt32.max) }),
        HostileFile("alignment of type uint64", .badAlignment, "uint64", alignment(10) { $0.add(UInt64(32)) }),
        HostileFile("alignment of type string", .badAlignment, "string", alignment(8) { $0.add("32") }),
        HostileFile(
            "alignment 2^31 and a tensor", .badOffset, "outside",
            {
                var file = RawFile(tensors: 1, keys: 1)
                file.add(key: "general.alignment", type: 4)
                file.add(UInt32(1) << 31)
                file.add(tensor: "t", shape: [8], type: 0, offset: 0)
                file.pad(data: 64)
                return file.bytes
            }()),
    ]

    private static func alignment(_ type: UInt32 = 4, _ body: (inout RawFile) -> Void) -> [UInt8] {
        RawFile.metadata {
            $0.add(key: "general.alignment", type: type)
            body(&$0)
        }
    }
}
