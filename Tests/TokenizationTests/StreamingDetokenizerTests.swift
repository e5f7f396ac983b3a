import Quantities
import Testing
import Tokenization

@Suite struct StreamingDetokenizerTests {
    /// A token a byte, so that any bytes can be streamed.
    private struct ByteTokenizer: Tokenizer {
        let vocabularySize = 256
        let endOfTextTokens: Set<TokenID> = []

        func encode(_ text: String, parsesSpecial: Bool, addsSpecial: Bool) -> [TokenID] { text.utf8.map(TokenID.init) }

        func bytes(of token: TokenID, rendersSpecial: Bool) -> [UInt8] { [UInt8(truncatingIfNeeded: token)] }
    }

    private func stream(_ bytes: [UInt8]) -> [String] {
        var detokenizer = StreamingDetokenizer(ByteTokenizer())
        return bytes.map { detokenizer.append(TokenID($0)) } + [detokenizer.finish()]
    }

    @Test func `A character comes with its last byte`() {
        #expect(stream(Array("aé語🚀".utf8)) == ["a", "", "é", "", "", "語", "", "", "", "🚀", ""])
    }

    @Test func `What is not UTF-8 is replaced as soon as that is certain`() {
        #expect(stream([0xFF]) == ["\u{FFFD}", ""])
        #expect(stream([0xE8, 0x41]) == ["", "\u{FFFD}A", ""])
        #expect(stream([0xED, 0xA0]) == ["", "\u{FFFD}\u{FFFD}", ""])
        #expect(stream([0xF0, 0x9F, 0x9A]) == ["", "", "", "\u{FFFD}"])
        #expect(stream([0xC0]) == ["\u{FFFD}", ""])
    }

    @Test func `Streaming any bytes gives the text of all of them`() {
        var random = SplitMix64(seed: 3)
        let likely: [UInt8] = [0x41, 0x80, 0xBF, 0x9F, 0xA0, 0xC2, 0xC0, 0xE0, 0xED, 0xE8, 0xF0, 0xF4, 0xF5, 0x90]
        for _ in 0..<3000 {
            let bytes = (0..<Int.random(in: 0...12, using: &random)).map { _ in likely.randomElement(using: &random)! }
            #expect(stream(bytes).joined() == String(decoding: bytes, as: UTF8.self), "\(bytes)")
        }
    }

    @Test func `Streaming a model's tokens gives their text back`() throws {
        let tokenizer = try SmolLM2.tokenizer
        var random = SplitMix64(seed: 5)
        for _ in 0..<200 {
            let tokens = (0..<20).map { _ in TokenID.random(in: 0..<49152, using: &random) }
            var detokenizer = StreamingDetokenizer(tokenizer)
            let text = tokens.map { detokenizer.append($0) }.joined() + detokenizer.finish()
            let bytes = tokens.flatMap { tokenizer.bytes(of: $0, rendersSpecial: false) }
            #expect(text == String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test func `Control tokens show only when asked for`() throws {
        let tokenizer = try SmolLM2.tokenizer
        var silent = StreamingDetokenizer(tokenizer)
        var loud = StreamingDetokenizer(tokenizer, rendersSpecial: true)
        #expect(silent.append(2) == "")
        #expect(loud.append(2) == "<|im_end|>")
        var choosy = StreamingDetokenizer(tokenizer, showing: [1])
        #expect(choosy.append(1) == "<|im_start|>")
        #expect(choosy.append(2) == "")
    }
}
