import Engine
import Foundation
import GGUF
import Testing
import Tokenization
import Transformer

struct ModelFileTests {
    /// Generated files with seeded damage: each opens or gives an error, and nothing crashes.
    @Test func damagedFilesAreRefused() throws {
        let path = NSTemporaryDirectory() + "weft-damage-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TinyLlama().write(to: path)
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var state: UInt64 = 42
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var refused = 0
        for _ in 0..<600 {
            var data = whole
            for _ in 0...random(below: 4) {
                data[random(below: min(12_000, data.count))] ^= UInt8(1 << random(below: 8))
            }
            if random(below: 4) == 0 { data = data.prefix(random(below: data.count)) }
            try data.write(to: URL(fileURLWithPath: path))
            do { _ = try ModelFile(path: path) } catch { refused += 1 }
        }
        #expect(refused > 100)
    }

    @Test func otherArchitecturesAreNamed() throws {
        let path = NSTemporaryDirectory() + "weft-gpt-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TinyLlama().write(to: path)
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let key = Data("general.architecture".utf8)
        let place = try #require(data.range(of: key)).upperBound + 4 + 8
        data.replaceSubrange(place..<place + 5, with: Data("gemma".utf8))
        try data.write(to: URL(fileURLWithPath: path))
        #expect {
            try ModelFile(path: path)
        } throws: {
            "\($0)".contains("architecture 'gemma' is not supported")
        }
    }

    /// Tokens for filling in the middle have a name of today and an older one; outside of the vocabulary they are none.
    @Test func aFileSaysWhatItHolds() throws {
        let path = NSTemporaryDirectory() + "weft-details-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try TinyLlama().write(to: path)
        let plain = try ModelFile(path: path).details
        #expect(plain.architecture == "llama")
        #expect(plain.type == "F32")
        #expect(plain.parameters > 288 * 64 && plain.fileBytes > 4 * plain.parameters)
        #expect(plain.fillTokens == nil)
        var model = RandomModel(like: try GGUFFile(path: path))
        let key = "tokenizer.ggml."
        model.metadata["\(key)fim_pre_token_id"] = .uint32(3)
        model.metadata["\(key)suffix_token_id"] = .uint32(4)
        model.metadata["\(key)middle_token_id"] = .uint32(288)
        try model.write(to: path)
        #expect(try ModelFile(path: path).details.fillTokens == nil)
        model.metadata["\(key)middle_token_id"] = .uint32(5)
        model.metadata["\(key)fim_sep_token_id"] = .uint32(6)
        try model.write(to: path)
        #expect(try ModelFile(path: path).details.fillTokens == .init(prefix: 3, suffix: 4, middle: 5, file: 6))
    }

    @Test func aMissingFileIsNamed() {
        #expect { try ModelFile(path: "/nowhere/model.gguf") } throws: { "\($0)".contains("/nowhere/model.gguf") }
    }
}
