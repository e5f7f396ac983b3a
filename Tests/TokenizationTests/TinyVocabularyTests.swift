import Quantities
import Testing
import Tokenization

/// Every kind of vocabulary in a few tokens, against its definition, and with all that may be wrong in it.
@Suite struct TinyVocabularyTests {
    private static let bytes = (UInt8.min...UInt8.max).map { byte in
        "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }

    /// SentencePiece's merges: three tokens with roles, a byte token each, then the letters and what is made of them.
    private static func merging(_ pieces: [(String, Float)], _ change: (inout Vocabulary) -> Void = { _ in })
        -> Vocabulary
    {
        let tokens = ["<unk>", "<s>", "</s>"] + bytes + pieces.map(\.0)
        var vocabulary = Vocabulary(
            model: "llama", pre: "default", tokens: tokens,
            types: [2, 3, 3] + Array(repeating: 6, count: 256) + Array(repeating: 1, count: pieces.count),
            scores: Array(repeating: 0, count: 259) + pieces.map(\.1))
        change(&vocabulary)
        return vocabulary
    }

    private static func unigram(_ pieces: [(String, Float)], _ change: (inout Vocabulary) -> Void = { _ in })
        -> Vocabulary
    {
        var vocabulary = Vocabulary(
            model: "t5", pre: "default", tokens: ["<pad>", "</s>", "<unk>"] + pieces.map(\.0),
            types: [3, 3, 2] + Array(repeating: 1, count: pieces.count), scores: [0, 0, 0] + pieces.map(\.1))
        change(&vocabulary)
        return vocabulary
    }

    private static func wordPiece(_ change: (inout Vocabulary) -> Void = { _ in }) -> Vocabulary {
        var vocabulary = Vocabulary(
            model: "bert", pre: "default",
            tokens: ["[CLS]", "[SEP]", "[UNK]", "▁un", "aff", "able", "▁a", "▁!", "▁中", "ff", "[MASK]"],
            types: [3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 3], unknown: 2)
        vocabulary.classification = 0
        vocabulary.separator = 1
        change(&vocabulary)
        return vocabulary
    }

    private func plain(_ vocabulary: Vocabulary, _ text: String) throws -> [String] {
        try VocabularyTokenizer(vocabulary).encode(text, parsesSpecial: false, addsSpecial: false)
            .map { vocabulary.tokens[Int($0)] }
    }

    private func error(_ vocabulary: Vocabulary) -> TokenizerError? {
        do throws(TokenizerError) {
            _ = try VocabularyTokenizer(vocabulary)
            return nil
        } catch {
            return error
        }
    }

    // MARK: llama

    private static func letters(_ random: inout SplitMix64) -> [(String, Float)] {
        var pieces = ["▁", "a", "b", "c"]
        for _ in 0..<Int.random(in: 0...14, using: &random) {
            let piece = pieces.randomElement(using: &random)! + pieces.randomElement(using: &random)!
            if !pieces.contains(piece) { pieces.append(piece) }
        }
        return pieces.map { ($0, -Float(Int.random(in: 1...9, using: &random))) }
    }

    @Test(arguments: 0..<200)
    func `Merging by scores follows the definition`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let pieces = Self.letters(&random)
        let scores = Dictionary(uniqueKeysWithValues: pieces)
        let vocabulary = Self.merging(pieces)
        for _ in 0..<10 {
            let text = String(
                (0..<Int.random(in: 1...20, using: &random)).map { _ in "abc ".randomElement(using: &random)! })
            var parts = ("▁" + text.map { $0 == " " ? "▁" : String($0) }.joined()).map(String.init)
            while true {
                let pairs = parts.indices.dropLast().compactMap { index in
                    scores[parts[index] + parts[index + 1]].map { (score: $0, index: index) }
                }
                guard let best = pairs.max(by: { ($0.score, $1.index) < ($1.score, $0.index) }) else { break }
                parts[best.index] += parts.remove(at: best.index + 1)
            }
            #expect(try plain(vocabulary, text) == parts, "\(text)")
        }
    }

    @Test func `What is no token falls to its bytes, and comes back`() throws {
        let vocabulary = Self.merging([("▁", -1), ("a", -2), ("▁a", -3)])
        #expect(try plain(vocabulary, "a é") == ["▁a", "▁", "<0xC3>", "<0xA9>"])
        // The text of a control token, or of a byte token, is no token unless it is asked for.
        #expect(try plain(vocabulary, "</s>").contains("</s>") == false)
        #expect(try plain(vocabulary, "<0x41>").contains("<0x41>") == false)
        let tokenizer = try VocabularyTokenizer(vocabulary)
        #expect(tokenizer.encode("</s>", parsesSpecial: true, addsSpecial: true) == [1, 2])
        var detokenizer = StreamingDetokenizer(tokenizer)
        let text = tokenizer.encode("a é", parsesSpecial: false, addsSpecial: true).map { detokenizer.append($0) }
            .joined()
        #expect(text + detokenizer.finish() == "a é")
    }

    @Test func `A text begins with a space of its own only where the file says so`() throws {
        let pieces: [(String, Float)] = [("▁", -1), ("a", -2), ("▁a", -3)]
        #expect(try plain(Self.merging(pieces) { $0.addsSpacePrefix = false }, "a") == ["a"])
        let tokenizer = try VocabularyTokenizer(Self.merging(pieces))
        // Also after each special token.
        #expect(tokenizer.encode("a<s>a", parsesSpecial: true, addsSpecial: false) == [261, 1, 261])
        func text(_ tokens: [TokenID], after previous: TokenID?) -> String {
            var detokenizer = StreamingDetokenizer(tokenizer, after: previous)
            return tokens.map { detokenizer.append($0) }.joined() + detokenizer.finish()
        }
        #expect(text([261, 261], after: nil) == "a a")
        #expect(text([1, 261, 261], after: nil) == "a a")
        #expect(text([261, 261], after: 1) == "a a")
        #expect(text([261, 261], after: 260) == " a a")
        #expect(text([259, 261], after: nil) == " a")
        #expect(text([260, 261], after: nil) == "a a")
        #expect(text([261], after: .max) == "a")
    }

    @Test func `Beginning and end are added as the file says, else by custom`() throws {
        func added(_ change: (inout Vocabulary) -> Void) throws -> [TokenID] {
            try VocabularyTokenizer(Self.merging([("▁", -1)], change)).encode(
                "", parsesSpecial: true, addsSpecial: true)
        }
        #expect(try added { _ in } == [1])
        #expect(try added { $0.addsBeginning = false } == [])
        #expect(try added { $0.addsEnd = true } == [1, 2])
        #expect(try added { $0.beginningOfText = 0 } == [0])
        #expect(try VocabularyTokenizer(Self.merging([("▁", -1)])).endOfTextTokens == [2])
    }

    @Test func `Scores must be there, one a token, and numbers`() {
        #expect(error(Self.merging([]) { $0.scores = [] }) == .scoreCount(tokens: 259, scores: 0))
        #expect(error(Self.merging([]) { $0.scores.removeLast() }) == .scoreCount(tokens: 259, scores: 258))
        #expect(error(Self.unigram([]) { $0.scores.append(1) }) == .scoreCount(tokens: 3, scores: 4))
        #expect(error(Self.merging([]) { $0.scores[7] = .infinity }) == .malformedScore(7, .infinity))
        guard case .malformedScore(2, let score)? = error(Self.unigram([]) { $0.scores[2] = .nan }) else {
            Issue.record("a score that is no number was taken")
            return
        }
        #expect(score.isNaN)
    }

    @Test func `What contradicts itself is refused in every kind`() {
        for vocabulary in [Self.merging([("a", -1)]), Self.unigram([("a", -1)]), Self.wordPiece()] {
            func changed(_ change: (inout Vocabulary) -> Void) -> TokenizerError? {
                var vocabulary = vocabulary
                change(&vocabulary)
                return error(vocabulary)
            }
            let count = TokenID(vocabulary.tokens.count)
            #expect(changed { $0.tokens[Int(count) - 1] = $0.tokens[0] } == .duplicateToken(0, count - 1))
            #expect(changed { $0.types.removeLast() } == .typeCount(tokens: Int(count), types: Int(count) - 1))
            #expect(changed { $0.separator = count } == .tokenOutOfRange(role: "separator", id: count))
            #expect(changed { $0.endOfMessage = -1 } == .tokenOutOfRange(role: "end-of-message", id: -1))
            #expect(changed { $0.classification = count } == .tokenOutOfRange(role: "classification", id: count))
        }
        #expect(error(Self.wordPiece { $0.unknown = nil }) == .missingToken(role: "unknown"))
        #expect(error(Self.wordPiece { $0.separator = nil }) == .missingToken(role: "separator"))
        #expect(error(Self.wordPiece { $0.classification = nil }) == .missingBeginning)
        #expect(error(Self.unigram([]) { $0.addsBeginning = true }) == .missingBeginning)
    }

    // MARK: t5

    @Test(arguments: 0..<200)
    func `No way to cut a text has a higher score`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let pieces = Self.letters(&random)
        let scores = Dictionary(uniqueKeysWithValues: pieces)
        let vocabulary = Self.unigram(pieces)
        func best(_ text: Substring) -> Float {
            if text.isEmpty { return 0 }
            return text.indices.compactMap { end in
                scores[String(text[...end])].map { $0 + best(text[end...].dropFirst()) }
            }
            .max()!
        }
        for _ in 0..<5 {
            let text = String(
                (0..<Int.random(in: 1...9, using: &random)).map { _ in "abc ".randomElement(using: &random)! })
            let marked = "▁" + text.map { $0 == " " ? "▁" : String($0) }.joined()
            let found = try plain(vocabulary, text)
            #expect(found.joined() == marked)
            #expect(found.reduce(0) { $0 + scores[$1]! } == best(marked[...]), "\(text)")
        }
    }

    @Test func `Unknown characters in a row are one token, and a user-defined one is always taken`() throws {
        #expect(try plain(Self.unigram([("▁", -1), ("a", -2)]), "aééa") == ["▁", "a", "<unk>", "a"])
        let vocabulary = Self.unigram([("▁", -1), ("a", -2), ("ab", -90), ("b", -2)]) { $0.types[5] = 4 }
        #expect(try plain(vocabulary, "aab") == ["▁", "a", "ab"])
    }

    @Test func `White space is squeezed only where the file says so`() throws {
        let pieces: [(String, Float)] = [("▁", -1), ("a", -2)]
        #expect(try plain(Self.unigram(pieces), " a  a ") == ["▁", "▁", "a", "▁", "▁", "a", "▁"])
        let vocabulary = Self.unigram(pieces) { $0.removesExtraWhitespace = true }
        #expect(try plain(vocabulary, " a  a ") == ["▁", "a", "▁", "a"])
        #expect(try plain(vocabulary, "  ") == [])
    }

    /// A map of A to a: an array of 512 units, the root's children at 256 and those of A at 400.
    private static func characterMap(_ change: (inout [UInt32], inout [UInt8]) -> Void = { _, _ in }) -> [UInt8] {
        var units = [UInt32](repeating: 0, count: 512)
        units[0] = 256 << 10
        units[256 ^ 0x41] = 0x41 | 1 << 8 | UInt32((256 ^ 0x41) ^ 400) << 10
        units[400] = 1 << 31
        var texts = Array("a\0".utf8)
        change(&units, &texts)
        func bytes(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(8 * $0)) } }
        return bytes(UInt32(4 * units.count)) + units.flatMap(bytes) + texts
    }

    @Test func `The map of characters is applied`() throws {
        let vocabulary = Self.unigram([("▁", -1), ("a", -2)]) { $0.characterMap = Self.characterMap() }
        #expect(try plain(vocabulary, "aAa") == ["▁", "a", "a", "a"])
    }

    @Test func `A broken map of characters is refused`() {
        let maps: [([UInt8], String)] = [
            ([1, 2, 3], "it has 3 bytes"), ([0, 0, 0, 0, 0], "its array has 0 of 5 bytes"),
            ([3, 0, 0, 0, 1, 2, 3, 0], "its array has 3 of 8 bytes"),
            (Array(Self.characterMap().dropLast(2)), "its array has 2048 of 2052 bytes"),
            (Array(Self.characterMap().dropLast()), "a replacement at 0 has no end"),
            (Self.characterMap { units, _ in units[400] = 1 << 31 | 2 }, "a replacement at 2 has no end"),
            (Self.characterMap { units, _ in units.removeLast(256) }, "its array points to unit 257 of 256"),
            (Self.characterMap { units, _ in units[321] |= .max << 10 & ~(1 << 31) }, "its array points to unit"),
            (
                Self.characterMap { units, _ in units[321] = 0x41 | (321 ^ 256) << 10 },
                "its array goes round in circles"
            ),
        ]
        for (map, reason) in maps {
            guard case .malformedCharacterMap(let found)? = error(Self.unigram([("▁", -1)]) { $0.characterMap = map })
            else {
                Issue.record("not refused: \(reason)")
                continue
            }
            #expect(found.hasPrefix(reason), "\(found)")
        }
    }

    @Test(arguments: 0..<300)
    func `A map of characters with any bytes wrong does no harm`(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var map = Self.characterMap()
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            map[Int.random(in: 0..<map.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        let vocabulary = Self.unigram([("▁", -1), ("a", -2)]) { $0.characterMap = map }
        guard let tokenizer = try? VocabularyTokenizer(vocabulary) else { return }
        _ = tokenizer.encode(random.text(upTo: 40), parsesSpecial: true, addsSpecial: true)
    }

    // MARK: bert

    @Test func `Words are cut into the longest pieces from the left`() throws {
        #expect(try plain(Self.wordPiece(), "unaffable  a!中") == ["▁un", "aff", "able", "▁a", "▁!", "▁中"])
        #expect(try plain(Self.wordPiece(), "unx a") == ["[UNK]", "▁a"])
        #expect(try plain(Self.wordPiece(), " \t") == [])
    }

    @Test func `Case and accents are taken away unless the file says otherwise`() throws {
        #expect(try plain(Self.wordPiece(), "Á ÚN u\u{301}n\u{0}") == ["▁a", "▁un", "▁un"])
        #expect(try plain(Self.wordPiece { $0.stripsAccents = false }, "A á") == ["▁a", "[UNK]"])
        #expect(try plain(Self.wordPiece { $0.lowercases = false }, "A a") == ["[UNK]", "▁a"])
    }

    @Test func `A text has its class and its end, and a pair has both ends`() throws {
        let tokenizer = try VocabularyTokenizer(Self.wordPiece())
        #expect(tokenizer.encode("a[MASK]", parsesSpecial: true, addsSpecial: true) == [0, 6, 10, 1])
        #expect(tokenizer.encode("a", and: "!") == [0, 6, 1, 7, 1])
    }

    // MARK: gemma4

    @Test func `Characters are merged by rank, and newlines taken whole`() throws {
        let tokens = ["<bos>", "<eos>", "▁", "a", "b", "ab", "▁ab", "\n", "\n\n\n", "</s>"] + Self.bytes
        let vocabulary = Vocabulary(
            model: "gemma4", pre: "default", tokens: tokens,
            types: [3, 3, 1, 1, 1, 1, 1, 1, 1, 1] + Array(repeating: 6, count: 256),
            merges: ["a b", "▁ ab"], beginningOfText: 0, endOfText: 1, addsBeginning: false)
        #expect(try plain(vocabulary, "ab ab\n\n\n\n\na") == ["ab", "▁ab", "\n", "\n", "\n", "\n", "\n", "a"])
        #expect(try plain(vocabulary, "\n\n\nß") == ["\n\n\n", "<0xC3>", "<0x9F>"])
        let tokenizer = try VocabularyTokenizer(vocabulary)
        #expect(tokenizer.encode("", parsesSpecial: true, addsSpecial: true) == [0])
        #expect(tokenizer.endOfTextTokens == [1])
        #expect(tokenizer.bytes(of: 6, rendersSpecial: false) == Array(" ab".utf8))
    }

    // MARK: special tokens

    @Test func `Tokens end a text by role and by name, as the models mean it`() throws {
        func ends(_ names: [String], type: Int32 = 3, _ change: (inout Vocabulary) -> Void = { _ in }) throws
            -> [String]
        {
            var vocabulary = Vocabulary(
                model: "gpt2", pre: "gpt-2", tokens: ["a"] + names, types: [1] + names.map { _ in type })
            change(&vocabulary)
            return try VocabularyTokenizer(vocabulary).endOfTextTokens.map { vocabulary.tokens[Int($0)] }.sorted()
        }
        #expect(try ends(["<|eot_id|>", "<|x|>", "[e~["]) == ["<|eot_id|>", "[e~["])
        #expect(
            try ends(["x", "y", "z"]) { ($0.endOfText, $0.endOfTurn, $0.endOfMessage) = (1, 2, 3) } == ["x", "y", "z"])
        #expect(try ends(["<|end|>", "<|return|>", "<|call|>"]) == ["<|call|>", "<|return|>"])
        #expect(try ends(["<|end|>", "<|flush|>", "<|calls|>"]) == ["<|calls|>", "<|flush|>"])
        #expect(try ends(["<|end|>", "<|call|>"]) == ["<|call|>", "<|end|>"])
        #expect(try ends(["</s>", "<|im_end|>"], type: 1) == ["<|im_end|>"])
        #expect(try ends(["</s>"]) == ["</s>"])
    }

    @Test func `An end of text is no text, whatever type it has`() throws {
        let vocabulary = Vocabulary(model: "gpt2", pre: "gpt-2", tokens: ["a", "<|im_end|>"], types: [1, 4])
        let tokenizer = try VocabularyTokenizer(vocabulary)
        #expect(tokenizer.encode("a<|im_end|>", parsesSpecial: false, addsSpecial: false) == [0])
        #expect(tokenizer.encode("a<|im_end|>", parsesSpecial: true, addsSpecial: false) == [0, 1])
        #expect(tokenizer.bytes(of: 1, rendersSpecial: false).isEmpty)
    }

    @Test func `Masks take the white space before them along where the model does`() throws {
        let vocabulary = Self.unigram([("▁", -1), ("a", -2), ("<mask>", 0)]) {
            $0.types[5] = 3
            $0.architecture = "nomic-bert-moe"
        }
        let tokenizer = try VocabularyTokenizer(vocabulary)
        #expect(tokenizer.encode("a \n<mask> ", parsesSpecial: true, addsSpecial: false) == [3, 4, 5, 3, 3])
        #expect(tokenizer.encode(" <mask>", parsesSpecial: true, addsSpecial: false) == [5])
    }
}
