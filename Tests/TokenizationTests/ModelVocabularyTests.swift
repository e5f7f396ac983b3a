import Fuzzing
import Quantities
import Testing
import Tokenization

/// The vocabularies of real models, against what other programs make of nasty texts.
@Suite struct ModelVocabularyTests {
    private static let names = [
        "bert-bge", "command-r", "deepseek-coder", "deepseek-llm", "falcon", "gemma-4", "gpt-2", "llama-bpe",
        "llama-spm", "mpt", "phi-3", "qwen2", "qwen35", "refact", "starcoder",
    ]

    @Test(arguments: names)
    func `Texts become the tokens of the models' own tokenizers`(name: String) throws {
        guard Downloads.areThere else { return Downloads.skip("the tokens of \(name) are") }
        let tokenizer = try Downloads.tokenizer(name)
        let golden = try Downloads.golden(name)
        #expect(golden.count > 40)
        for (text, tokens) in golden {
            let found = tokenizer.encode(text, parsesSpecial: false, addsSpecial: false)
            #expect(found == tokens, "\(text.debugDescription)")
        }
    }

    @Test(arguments: ["llama-spm", "nomic-bert-moe", "bert-bge"])
    func `Texts become the tokens of SentencePiece, and of Hugging Face's WordPiece`(name: String) throws {
        guard Downloads.areThere else { return Downloads.skip("the pieces of \(name) are") }
        let tokenizer = try Downloads.tokenizer(name)
        let texts = try Resources.json("splits.json", as: [PreTokenizerTests.Vector].self).map(\.text)
        let pieces = try #require(try Resources.json("pieces.json", as: [String: [[TokenID]]].self)[name])
        #expect(texts.count == pieces.count)
        for (text, tokens) in zip(texts, pieces) {
            let found = tokenizer.encode(text, parsesSpecial: false, addsSpecial: false)
            #expect(found == tokens, "\(text.debugDescription)")
        }
    }

    /// Those that have a token for every byte.
    @Test(arguments: ["gemma-4", "gpt-2", "llama-bpe", "llama-spm", "phi-3", "qwen2", "qwen35", "command-r"])
    func `Any text comes back from its tokens`(name: String) throws {
        guard Downloads.areThere else { return Downloads.skip("the way back from the tokens of \(name) is") }
        let tokenizer = try Downloads.tokenizer(name)
        var random = SplitMix64(seed: 17)
        for _ in 0..<300 {
            // The mark for spaces is read as a space.
            let text = String(
                String.UnicodeScalarView(random.text(upTo: 80).unicodeScalars.filter { $0 != "\u{2581}" }))
            var detokenizer = StreamingDetokenizer(tokenizer)
            let tokens = tokenizer.encode(text, parsesSpecial: false, addsSpecial: false)
            let back = tokens.map { detokenizer.append($0) }.joined() + detokenizer.finish()
            #expect(back.utf8.elementsEqual(text.utf8), "\(text.debugDescription)")
        }
    }

    @Test(arguments: ["bert-bge", "gemma-4", "llama-bpe", "llama-spm", "nomic-bert-moe", "qwen35", "deepseek-llm"])
    func `A megabyte of one thing is no trap`(name: String) throws {
        guard Downloads.areThere else { return Downloads.skip("the time that \(name) takes is") }
        let tokenizer = try Downloads.tokenizer(name)
        for unit in ["a", " ", "\n", "é", "<", "7"] {
            let text = String(repeating: unit, count: (1 << 20) / unit.utf8.count)
            let seconds = threadSeconds {
                _ = tokenizer.encode(text, parsesSpecial: true, addsSpecial: true)
            }
            // About a second; in quadratic time it would take many minutes.
            #expect(seconds < 30, "\(unit.debugDescription)")
        }
    }

    @Test func `The ends of a text are those of the models`() throws {
        guard Downloads.areThere else { return Downloads.skip("the ends of a text are") }
        let expected: [String: [String]] = [
            "gemma-4": ["<eos>", "<turn|>", "<|tool_response>"], "phi-3": ["<|endoftext|>", "<|end|>"],
            "llama-spm": ["</s>"], "llama-bpe": ["<|end_of_text|>", "<|eot_id|>"],
            "qwen35": ["<|endoftext|>", "<|im_end|>"], "gpt-2": ["<|endoftext|>"],
        ]
        for (name, texts) in expected {
            let tokenizer = try Downloads.tokenizer(name)
            let found = tokenizer.endOfTextTokens.map {
                String(decoding: tokenizer.bytes(of: $0, rendersSpecial: true), as: UTF8.self)
            }
            #expect(found.sorted() == texts.sorted(), "\(name)")
        }
    }

    @Test func `Tokens are added as each model has them`() throws {
        guard Downloads.areThere else { return Downloads.skip("the tokens that are added are") }
        func added(_ name: String) throws -> [TokenID] {
            try Downloads.tokenizer(name).encode("", parsesSpecial: false, addsSpecial: true)
        }
        #expect(try added("bert-bge") == [101, 102])
        #expect(try added("gemma-4") == [2])
        #expect(try added("llama-spm") == [1])
        #expect(try added("llama-bpe") == [128000])
        #expect(try added("nomic-bert-moe") == [0, 2])
        #expect(try added("qwen2") == [])
        #expect(try Downloads.tokenizer("bert-bge").encode("a", and: "b") == [101, 1037, 102, 1038, 102])
    }

    @Test func `Phi-3's special tokens take the white space behind them along`() throws {
        guard Downloads.areThere else { return Downloads.skip("the white space behind Phi-3's tokens is") }
        let tokenizer = try Downloads.tokenizer("phi-3")
        let tight = tokenizer.encode("<|user|>Hi<|end|><|assistant|>", parsesSpecial: true, addsSpecial: false)
        #expect(
            tight == tokenizer.encode("<|user|>\n Hi<|end|>\n<|assistant|>\n", parsesSpecial: true, addsSpecial: false))
        #expect(tight.count == 4)
        #expect(tokenizer.encode("<s>\n", parsesSpecial: true, addsSpecial: false).count > 1)
    }
}
