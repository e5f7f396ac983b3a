import Fuzzing
import Quantities
import Testing
import Tokenization

@Suite struct PreTokenizerTests {
    struct Vector: Decodable {
        let text: String
        /// The bytes of each word, by rule.
        let bytes: [String: [Int]]
    }

    @Test func `Words are those of the regular expressions`() throws {
        let vectors = try Resources.json("splits.json", as: [Vector].self)
        let names = try #require(vectors.first).bytes.keys.sorted()
        #expect(names.count == 21)
        for name in names {
            let rule = try PreTokenizer(named: name)
            for vector in vectors {
                let text = Array(vector.text.utf8)
                let words = rule.words(of: text, in: text.indices)
                #expect(words.map(\.count) == vector.bytes[name], "\(name): \(vector.text.debugDescription)")
            }
        }
    }

    @Test(arguments: [("L", #"\p{L}"#), ("N", #"\p{N}"#), ("s", #"\s"#)])
    func `Letters, numbers and white space are those of the regular expressions`(name: String, pattern: String) throws {
        struct Run: Decodable {
            let first: UInt32
            let last: UInt32
            let kind: String

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                first = try values.decode(UInt32.self)
                last = try values.decode(UInt32.self)
                kind = try values.decode(String.self)
            }
        }
        var expected = Array(repeating: false, count: 0x110000)
        for run in try Resources.json("scalar-classes.json", as: [Run].self) where run.kind == name {
            for value in run.first...run.last { expected[Int(value)] = true }
        }
        let set = try #require(Pattern(pattern).set)
        let differences = (0..<UInt32(0x110000)).filter { value in
            guard let scalar = Unicode.Scalar(value) else { return false }
            return set.contains(scalar) != expected[Int(value)]
        }
        // Scalars that one side's Unicode version has not assigned yet.
        #expect(differences.allSatisfy { Unicode.Scalar($0)?.properties.generalCategory == .unassigned })
    }

    @Test func `Words cover a text without gaps`() throws {
        let rules = try PreTokenizer.names.map { name throws in try PreTokenizer(named: name) }
        var random = SplitMix64(seed: 7)
        for _ in 0..<500 {
            let text = Array(random.text(upTo: 60).utf8)
            for rule in rules {
                var position = 0
                for word in rule.words(of: text, in: text.indices) {
                    #expect(word.lowerBound == position && !word.isEmpty)
                    position = word.upperBound
                }
                #expect(position == text.count)
            }
        }
    }

    @Test(arguments: PreTokenizer.names)
    func `No text takes more than linear time`(name: String) throws {
        let rule = try PreTokenizer(named: name)
        for unit in ["a", "A", "aA", " ", "\n", " \n", "7", "'s ", "中a", "\u{301}", "!", "🚀", " \t5"] {
            let text = Array((String(repeating: unit, count: (1 << 16) / unit.utf8.count) + "\u{200B}5").utf8)
            let seconds = threadSeconds {
                #expect(rule.words(of: text, in: text.indices).last?.upperBound == text.count)
            }
            // It takes a millisecond or two; in quadratic time it would take ten seconds.
            #expect(seconds < 1, "\(unit.debugDescription)")
        }
    }

    @Test func `An unknown rule is refused by its name`() {
        for name in ["", "default", "llama-bpe ", "nonsense"] {
            #expect(throws: TokenizerError.unsupportedPreTokenizer(name)) { try PreTokenizer(named: name) }
        }
    }

    @Test func `No two rules have one name`() {
        #expect(Set(PreTokenizer.names).count == PreTokenizer.names.count)
    }
}
