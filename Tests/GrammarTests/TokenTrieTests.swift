import Grammar
import Quantities
import Testing

@Suite struct TokenTrieTests {
    /// Words as vocabularies have them: letters, ends of strings, parts of characters, long ones, twins and nothing.
    private let tokens: [[UInt8]] = {
        var random = SplitMix64(seed: 3)
        let parts = [
            "a", "b", "true", " ", "\"", "\",", ":", "{\"", "}", "]", "1", "23", ".", "\n", "\\", "é", "日", "-", "name",
        ]
        var tokens = (0..<256).map { [UInt8($0)] }
        for _ in 0..<3000 {
            let count = Int.random(in: 1...12, using: &random)
            tokens.append((0..<count).flatMap { _ in Array(parts.randomElement(using: &random)?.utf8 ?? "".utf8) })
        }
        tokens += [Array("日".utf8.dropLast()), Array("é".utf8.dropFirst()), [], Array("name".utf8), Array("name".utf8)]
        tokens.append(Array("<end>".utf8))
        return tokens
    }()

    @Test(arguments: [
        "{}", #"{"type": "string", "maxLength": 7}"#, #"{"type": "string", "pattern": "^[ab]*é?"}"#,
        #"{"properties": {"name": {"type": "string"}, "nb": {"type": "integer"}}, "required": ["name"]}"#,
        #"{"type": "array", "items": {"type": ["number", "string"], "minLength": 3}}"#,
    ])
    func `A mask has the tokens that could be accepted, and no others`(_ schema: String) throws {
        let end = TokenID(tokens.count - 1)
        let trie = TokenTrie(tokens, endTokens: [end])
        let grammar = try Grammar(jsonSchema: schema)
        var random = SplitMix64(seed: 11)
        for _ in 0..<6 {
            var state = GrammarState(grammar)
            for _ in 0..<30 {
                let mask = state.allowedTokens(in: trie)
                var allowed: [TokenID] = []
                for (id, bytes) in tokens.enumerated() {
                    var next = state
                    let isAllowed = TokenID(id) == end ? state.isComplete : !bytes.isEmpty && next.accept(bytes)
                    #expect(mask.contains(TokenID(id)) == isAllowed, "\(String(decoding: bytes, as: UTF8.self))")
                    if isAllowed { allowed.append(TokenID(id)) }
                }
                #expect(mask.count == allowed.count)
                // A state that was asked before answers the same.
                let again = state.allowedTokens(in: trie)
                #expect(again == mask)
                guard let token = allowed.randomElement(using: &random), token != end else { break }
                state.accept(tokens[Int(token)])
            }
        }
    }

    @Test func `Two vocabularies under one grammar have masks of their own`() throws {
        let (letters, words) = (TokenTrie.bytes, TokenTrie(tokens, endTokens: []))
        let text = Text(try Grammar(regex: "[a-z]*"))
        for _ in 0..<2 {
            #expect(text.mask(letters).count == 27)
            #expect(text.mask(words).contains(TokenID(tokens.count - 2)))
        }
    }
}
