import Quantities
import Testing
import Tokenization

@Suite struct BytePairPropertyTests {
    /// Printable ASCII, which spells itself in the byte alphabet, with random merges of what is there.
    private func randomVocabulary(_ random: inout SplitMix64) -> Vocabulary {
        var tokens = ["a", "b", "c", "d"]
        var merges: [String] = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let left = tokens.randomElement(using: &random)!
            let right = tokens.randomElement(using: &random)!
            if !tokens.contains(left + right) { tokens.append(left + right) }
            if !merges.contains("\(left) \(right)") { merges.append("\(left) \(right)") }
        }
        merges.shuffle(using: &random)
        return Vocabulary(model: "gpt2", pre: "gpt-2", tokens: tokens, merges: merges)
    }

    /// The definition, read aloud: merge the leftmost pair of the lowest rank until there is none.
    private func naive(_ word: String, _ vocabulary: Vocabulary) -> [TokenID] {
        var parts = word.map(String.init)
        while true {
            let ranked = parts.indices.dropLast().compactMap { index in
                vocabulary.merges.firstIndex(of: "\(parts[index]) \(parts[index + 1])").map { (rank: $0, index: index) }
            }
            guard let best = ranked.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else { break }
            parts[best.index] += parts.remove(at: best.index + 1)
        }
        return parts.map { TokenID(vocabulary.tokens.firstIndex(of: $0)!) }
    }

    @Test(arguments: 0..<300)
    func `Merging follows the definition`(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let vocabulary = randomVocabulary(&random)
        let tokenizer = try VocabularyTokenizer(vocabulary)
        for _ in 0..<10 {
            let word = String(
                (0..<Int.random(in: 1...30, using: &random)).map { _ in "abcd".randomElement(using: &random)! })
            let tokens = tokenizer.encode(word, parsesSpecial: false, addsSpecial: false)
            #expect(tokens == naive(word, vocabulary), "\(word) \(vocabulary.merges)")
        }
    }

    @Test(arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2"])
    func `Any text comes back from its tokens`(pre: String) throws {
        // The bytes that SmolLM2 lacks are given tokens of their own.
        var vocabulary = try SmolLM2.vocabulary
        let known = Set(vocabulary.tokens.map { Array($0.unicodeScalars) })
        let printable = Set(0x21...0x7E).union(0xA1...0xAC).union(0xAE...0xFF)
        let substitutes = (0..<UInt32(256)).filter { !printable.contains(Int($0)) }.indices.map { 0x100 + UInt32($0) }
        for scalar in (printable.map(UInt32.init).sorted() + substitutes).compactMap(Unicode.Scalar.init)
        where !known.contains([scalar]) {
            vocabulary.tokens.append(String(Character(scalar)))
            vocabulary.types.append(1)
        }
        vocabulary.pre = pre
        let tokenizer = try VocabularyTokenizer(vocabulary)
        var random = SplitMix64(seed: 11)
        for _ in 0..<400 {
            let text = random.text(upTo: 80)
            let tokens = tokenizer.encode(text, parsesSpecial: true, addsSpecial: false)
            #expect(tokens.flatMap { tokenizer.bytes(of: $0, rendersSpecial: true) } == Array(text.utf8))
        }
    }
}
