import Grammar
import Quantities
import Testing
import Tokenization

/// Grammars over the vocabularies of real models.
@Suite struct GrammarMaskTests {
    private let schemas = [
        "{}",
        #"{"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, "required": ["age"]}"#,
        """
        {"type": "object", "properties": {
            "title": {"type": "string", "maxLength": 60}, "word": {"type": "string", "pattern": "^[a-z]+( [a-z]+)*$"},
            "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2}, "rate": {"type": "number", "minimum": 0}},
         "required": ["title", "word", "tags", "rate"], "additionalProperties": false}
        """,
        """
        {"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {
            "value": {"type": "string"}, "nodes": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
         "required": ["value", "nodes"], "additionalProperties": false}}}
        """,
    ]

    /// The times are printed: the masks are computed while the device works, and should take no more than 200 us.
    @Test(arguments: ["llama-bpe", "qwen2", "phi-3"])
    func `Masks of a real vocabulary have the tokens that may follow`(_ name: String) throws {
        guard Downloads.areThere else { return Downloads.skip("masks of real vocabularies are") }
        let tokenizer = try Downloads.tokenizer(name)
        let tokens = (0..<tokenizer.vocabularySize).map { tokenizer.bytes(of: TokenID($0), rendersSpecial: false) }
        let ends = tokenizer.endOfTextTokens
        let clock = ContinuousClock()
        let trie = TokenTrie(tokens, endTokens: ends)
        var (times, random): ([Duration], _) = ([], SplitMix64(seed: 5))
        for schema in schemas {
            let grammar = try Grammar(jsonSchema: schema)
            for _ in 0..<6 {
                var state = GrammarState(grammar)
                for _ in 0..<80 where !state.isFinished {
                    let start = clock.now
                    let mask = state.allowedTokens(in: trie)
                    times.append(start.duration(to: clock.now))
                    for _ in 0..<60 {
                        let token = TokenID.random(in: 0..<TokenID(tokens.count), using: &random)
                        var next = state
                        let bytes = tokens[Int(token)]
                        let isAllowed =
                            ends.contains(token) ? state.isComplete : !bytes.isEmpty && next.accept(bytes)
                        #expect(mask.contains(token) == isAllowed, "\(name) \(token)")
                    }
                    let allowed = tokens.indices.filter { mask.contains(TokenID($0)) && !ends.contains(TokenID($0)) }
                    // Now and then what closes a string or an object, which a token drawn evenly hardly ever does.
                    let closing = allowed.filter { tokens[$0].first == UInt8(ascii: "\"") || tokens[$0] == [0x7D] }
                    let choices = closing.isEmpty || random.next() % 3 > 0 ? allowed : closing
                    let token = try #require(choices.randomElement(using: &random))
                    #expect(!tokens[token].isEmpty)
                    state.accept(tokens[token])
                }
            }
        }
        times.sort()
        let shown = [50, 90, 99].map { "\($0) % within \(times[times.count * $0 / 100] / .microseconds(1)) us" }
        print("\(times.count) masks of \(name), \(tokens.count) tokens: \(shown.joined(separator: ", "))")
    }
}
