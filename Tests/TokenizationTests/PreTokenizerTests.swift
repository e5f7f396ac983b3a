import Quantities
import Testing
import Tokenization

@Suite struct PreTokenizerTests {
    struct Vector: Decodable {
        let text: String
        let words: [String: [String]]
    }

    @Test(arguments: ["gpt-2", "smollm", "llama-bpe", "qwen2"])
    func `Words are those of the regular expression`(name: String) throws {
        let rule = try PreTokenizer(named: name)
        for vector in try Resources.json("splits.json", as: [Vector].self) {
            let text = Array(vector.text.utf8)
            let words = rule.words(of: text, in: text.indices).map { Array(text[$0]) }
            #expect(words == vector.words[name]?.map { Array($0.utf8) }, "\(vector.text.debugDescription)")
        }
    }

    @Test func `Letters, numbers and white space are those of the regular expressions`() throws {
        struct Run: Decodable {
            let first: UInt32
            let last: UInt32
            let kind: ScalarKind

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                first = try values.decode(UInt32.self)
                last = try values.decode(UInt32.self)
                kind =
                    switch try values.decode(String.self) {
                    case "L": .letter
                    case "N": .number
                    default: .whitespace
                    }
            }
        }
        var expected = Array(repeating: ScalarKind.other, count: 0x110000)
        for run in try Resources.json("scalar-classes.json", as: [Run].self) {
            for value in run.first...run.last { expected[Int(value)] = run.kind }
        }
        let differences = (0..<UInt32(0x110000)).filter { value in
            guard let scalar = Unicode.Scalar(value) else { return false }
            return ScalarKind(scalar) != expected[Int(value)]
        }
        // Scalars that one side's Unicode version has not assigned yet.
        #expect(differences.allSatisfy { Unicode.Scalar($0)?.properties.generalCategory == .unassigned })
    }

    @Test func `Words cover a text without gaps`() {
        var random = SplitMix64(seed: 7)
        for _ in 0..<500 {
            let text = Array(random.text(upTo: 60).utf8)
            for rule in PreTokenizer.allCases {
                var position = 0
                for word in rule.words(of: text, in: text.indices) {
                    #expect(word.lowerBound == position && !word.isEmpty)
                    position = word.upperBound
                }
                #expect(position == text.count)
            }
        }
    }
}
