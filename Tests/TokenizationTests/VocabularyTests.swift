import Quantities
import Testing
import Tokenization

@Suite struct VocabularyTests {
    /// A vocabulary of the letters a to d, two merges, a control and a user-defined token.
    private let valid = Vocabulary(
        model: "gpt2", pre: "gpt-2", tokens: ["a", "b", "c", "d", "ab", "abc", "<|end|>", "<tool>", "<0x0A>"],
        types: [1, 1, 1, 1, 1, 1, 3, 4, 6], merges: ["a b", "ab c"], beginningOfText: 6, endOfText: 6)

    private func error(_ change: (inout Vocabulary) -> Void) -> TokenizerError? {
        var vocabulary = valid
        change(&vocabulary)
        do throws(TokenizerError) {
            _ = try VocabularyTokenizer(vocabulary)
            return nil
        } catch {
            return error
        }
    }

    @Test func `A sound vocabulary is taken`() throws {
        let tokenizer = try VocabularyTokenizer(valid)
        #expect(tokenizer.encode("abcab<|end|>d", parsesSpecial: true, addsSpecial: false) == [5, 4, 6, 3])
        #expect(tokenizer.endOfTextTokens == [6])
        #expect(tokenizer.bytes(of: 8, rendersSpecial: false) == [0x0A])
    }

    @Test func `User-defined tokens are cut out of any text, control tokens only where asked`() throws {
        let tokenizer = try VocabularyTokenizer(valid)
        #expect(tokenizer.encode("a<tool>b", parsesSpecial: false, addsSpecial: false) == [0, 7, 1])
        #expect(tokenizer.encode("a<|end|>b", parsesSpecial: true, addsSpecial: false) == [0, 6, 1])
        // Only the d of the text has a token.
        #expect(tokenizer.encode("a<|end|>b", parsesSpecial: false, addsSpecial: false) == [0, 3, 1])
    }

    @Test func `Fault 4: What contradicts itself is refused`() {
        #expect(error { $0.model = "rwkv" } == .unsupportedModel("rwkv"))
        #expect(error { $0.pre = "nonsense" } == .unsupportedPreTokenizer("nonsense"))
        #expect(error { $0.tokens = [] } == .emptyVocabulary)
        #expect(error { $0.types.removeLast() } == .typeCount(tokens: 9, types: 8))
        #expect(error { $0.types[3] = 0 } == .unknownType(3, type: 0))
        #expect(error { $0.types[3] = .max } == .unknownType(3, type: .max))
        #expect(error { $0.tokens[3] = "a" } == .duplicateToken(0, 3))
        #expect(error { $0.tokens[6] = String(repeating: "<", count: 1025) } == .specialTokenTooLong(6, bytes: 1025))
    }

    @Test(arguments: ["<0x-1>", "<0x+A>", "<0x>", "<0x0AA>", "0x0A", "", "<0xGG>", "<0x0A]", "<0xé>"])
    func `Fault 6: Malformed byte tokens are refused`(text: String) {
        #expect(error { $0.tokens[8] = text } == .malformedByte(8))
    }

    @Test(arguments: ["", " ", "a", "a ", " a", "ab", "a\tb"])
    func `Merges that are no pair are refused`(merge: String) {
        #expect(error { $0.merges[1] = merge } == .malformedMerge(1))
    }

    @Test func `Merges need their parts and their product`() {
        #expect(error { $0.merges[1] = "x c" } == .mergeWithoutToken(1, text: "x"))
        #expect(error { $0.merges[1] = "c x" } == .mergeWithoutToken(1, text: "x"))
        #expect(error { $0.merges[1] = "c d" } == .mergeWithoutToken(1, text: "cd"))
        #expect(error { $0.merges[1] = "a b c" } == .mergeWithoutToken(1, text: "b c"))
    }

    @Test(arguments: [-1, 9, TokenID.min, TokenID.max])
    func `Roles must be in the vocabulary`(id: TokenID) {
        #expect(error { $0.beginningOfText = id } == .tokenOutOfRange(role: "beginning-of-text", id: id))
        #expect(error { $0.endOfText = id } == .tokenOutOfRange(role: "end-of-text", id: id))
        #expect(error { $0.endOfTurn = id } == .tokenOutOfRange(role: "end-of-turn", id: id))
        #expect(error { $0.unknown = id } == .tokenOutOfRange(role: "unknown", id: id))
        #expect(error { $0.padding = id } == .tokenOutOfRange(role: "padding", id: id))
    }

    @Test func `A beginning that shall be added must exist`() {
        #expect(
            error {
                $0.beginningOfText = nil
                $0.addsBeginning = true
            } == .missingBeginning)
    }

    @Test func `The beginning is added as the file says, else by custom`() throws {
        func first(_ pre: String, _ addsBeginning: Bool?) throws -> [TokenID] {
            var vocabulary = valid
            vocabulary.pre = pre
            vocabulary.addsBeginning = addsBeginning
            return try VocabularyTokenizer(vocabulary).encode("a", parsesSpecial: true, addsSpecial: true)
        }
        #expect(try first("gpt-2", nil) == [0])
        #expect(try first("gpt-2", true) == [6, 0])
        #expect(try first("llama-bpe", nil) == [6, 0])
        #expect(try first("llama-bpe", false) == [0])
    }

    @Test func `Whole words are tokens only under llama-bpe`() throws {
        var vocabulary = valid
        vocabulary.merges = []
        #expect(
            try VocabularyTokenizer(vocabulary).encode("abc", parsesSpecial: false, addsSpecial: false) == [0, 1, 2])
        vocabulary.pre = "llama-bpe"
        #expect(try VocabularyTokenizer(vocabulary).encode("abc", parsesSpecial: false, addsSpecial: false) == [5])
    }

    @Test func `The longest special token wins, and empty ones never match`() throws {
        var vocabulary = valid
        vocabulary.tokens += ["<|end|>>", ""]
        vocabulary.types += [3, 3]
        let tokenizer = try VocabularyTokenizer(vocabulary)
        #expect(tokenizer.encode("<|end|>><|end|>", parsesSpecial: true, addsSpecial: false) == [9, 6])
        #expect(tokenizer.encode("", parsesSpecial: true, addsSpecial: false).isEmpty)
    }

    @Test func `Errors name what is wrong`() {
        #expect(
            "\(TokenizerError.mergeWithoutToken(3, text: "a\"b"))"
                == #"merge 3 needs the token "a\"b", which is missing"#)
        #expect(
            "\(TokenizerError.tokenOutOfRange(role: "unknown", id: 7))"
                == "the unknown token 7 is not in the vocabulary")
    }
}
