import GGUF

extension HostileFile {
    /// Beginnings of files that go on for 200 GB without taking any space: all that they claim lies within them.
    static let sparse: [HostileFile] = [
        HostileFile("2^31 tensors", .limitExceeded, "131072", RawFile(tensors: 1 << 31, keys: 0).bytes),
        HostileFile("2^31 keys", .limitExceeded, "4096", RawFile(tensors: 0, keys: 1 << 31).bytes),
        array("200 GB in bytes", "general.tags", type: 0, count: 200_000_000_000),
        array("100 GB in floats", "tokenizer.ggml.scores", type: 6, count: 25_000_000_000),
        array("a vocabulary of 2^24", "tokenizer.ggml.tokens", type: 8, count: 1 << 24),
        array("a layer list of 2^20", "llama.attention.head_count_kv", type: 4, count: 1 << 20),
        array("2^30 arrays in an array", "tokenizer.ggml.merges", type: 9, count: 1 << 30),
        HostileFile(
            "a string of 2^36 bytes", .limitExceeded, "\"a\"",
            RawFile.metadata {
                $0.add(key: "a", type: 8)
                $0.add(UInt64(1) << 36)
            }),
        HostileFile(
            "a token of 2^36 bytes", .limitExceeded, "tokens",
            RawFile.metadata {
                $0.add(key: "tokenizer.ggml.tokens", type: 9)
                $0.add(UInt32(8))
                $0.add(UInt64(1) << 20)
                $0.add(UInt64(1) << 36)
            }),
        HostileFile(
            "four strings of 64 MiB", .limitExceeded, "268435456",
            {
                var file = RawFile(tensors: 0, keys: 4)
                for key in 0..<4 {
                    file.add(key: "k\(key)", type: 8)
                    file.add(UInt64(64 << 20))
                    if key < 3 { file.bytes += [UInt8](repeating: 0x61, count: 64 << 20) }
                }
                return file.bytes
            }()),
    ]

    private static func array(_ name: String, _ key: String, type: UInt32, count: UInt64) -> HostileFile {
        HostileFile(
            name, .limitExceeded, key,
            RawFile.metadata {
                $0.add(key: key, type: 9)
                $0.add(type)
                $0.add(count)
            })
    }
}
