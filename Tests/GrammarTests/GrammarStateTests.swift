import Grammar
import Quantities
import Testing

@Suite struct GrammarStateTests {
    @Test func `A text is complete where it may end, and finished where it must`() throws {
        let state = Text(try Grammar(regex: "ab?"))
        #expect(!state.isComplete && !state.isFinished)
        #expect(state.accept("a"))
        #expect(state.isComplete && !state.isFinished)
        #expect(state.accept("b"))
        #expect(state.isComplete && state.isFinished)
    }

    @Test func `What is refused changes nothing`() throws {
        let state = Text(try Grammar(regex: "abc"))
        #expect(state.accept("a"))
        #expect(!state.accept("bx"))
        #expect(state.accept("bc"))
        #expect(state.isFinished)
    }

    @Test func `Anything goes up to the first end`() throws {
        let end = "</think>"
        let grammar = try Grammar(.sequence([.anything(upTo: end), .text("!")]))
        for text in ["", "a", "<", "</", "</thin", "<</think", "</</t</", "é<b>日", "</think"] {
            let state = Text(grammar)
            #expect(state.accept(text + end) && state.accept("!") && state.isFinished, "\(text)")
            // Behind the end there is nothing else, not even another end.
            let other = Text(grammar)
            #expect(other.accept(text + end) && !other.accept("a") && !other.accept("<"), "\(text)")
        }
        let short = Text(try Grammar(.anything(upTo: ";")))
        #expect(short.accept("a b") && !short.isComplete && short.accept(";") && short.isFinished)
        // The beginning comes again within it.
        let twice = Text(try Grammar(.sequence([.anything(upTo: "\n--\n"), .text("!")])))
        #expect(twice.accept("a\n-\n\n--\n!") && twice.isComplete)
    }

    @Test func `Parts are repeated with separators`() throws {
        let state = Text(try Grammar(.repeated(.choice([.text("a"), .text("b")]), separator: ", ")))
        #expect(state.accept("a") && state.isComplete && state.accept(", b, a") && state.isComplete)
        #expect(!state.accept(",, "))
    }

    @Test func `A character may come in parts`() throws {
        let state = Text(try Grammar(regex: "[é-ü]日"))
        for byte in "ö日".utf8 { #expect(state.accept([byte])) }
        #expect(state.isFinished)
    }

    @Test func `Ends of text are allowed only where a text may end`() throws {
        let state = Text(try Grammar(regex: "ab?"))
        #expect(state.allowed() == ["a"])
        state.accept("a")
        #expect(state.allowed() == ["b", "END"])
        state.accept("b")
        #expect(state.allowed() == ["END"])
    }

    @Test func `A space before a text may be none of its own`() throws {
        let grammar = try Grammar(choices: ["yes"])
        let state = Text(grammar, afterSpace: true)
        #expect(state.allowed() == [" ", "y"])
        #expect(state.accept(" yes"))
        #expect(state.isFinished)
        let other = Text(grammar)
        #expect(!other.accept(" yes"))
    }

    @Test func `Grammars are put together, each with rules of its own`() throws {
        let call = GrammarDefinition.sequence([
            .text("<call>"),
            .choice([
                .sequence([.text("number "), try .gbnf("root ::= x\nx ::= [0-9]")]),
                .sequence([.text("letter "), try .gbnf("root ::= x x\nx ::= [a-z]")]),
            ]),
            .text("</call>"),
        ])
        let grammar = try Grammar(call)
        #expect(grammar.accepts("<call>number 7</call>"))
        #expect(grammar.accepts("<call>letter ab</call>"))
        #expect(!grammar.accepts("<call>number a</call>"))
        #expect(!grammar.accepts("<call>letter a</call>"))
    }

    @Test func `Rules call themselves, in any place but the first`() throws {
        let grammar = try Grammar(gbnf: "root ::= \"(\" root \")\" root | \"\"")
        #expect(grammar.accepts("(()())()"))
        #expect(!grammar.accepts("(()"))
        #expect(!grammar.accepts(")"))
        // The last call of a rule takes no room, however often.
        let spaces = try Grammar(gbnf: "root ::= ws \"x\"\nws ::= ([ \\n] ws)?")
        #expect(spaces.accepts(String(repeating: " ", count: 5000) + "x"))
    }

    @Test func `Alternatives that begin alike are followed together`() throws {
        let grammar = try Grammar(gbnf: "root ::= a \"1\" | b \"2\" | a b \"3\"\na ::= \"x\" a?\nb ::= \"x\" | \"xy\"")
        for text in ["x1", "xxx1", "x2", "xy2", "xxx3", "xxy3"] { #expect(grammar.accepts(text), "\(text)") }
        for text in ["xx2", "y2", "3", "xy1"] { #expect(!grammar.accepts(text), "\(text)") }
    }

    @Test func `An automaton that is full is left for a new one, in the middle of a text`() throws {
        let definition = try GrammarDefinition.jsonSchema("{}", whitespace: .none)
        let (small, large) = (try Grammar(definition, budget: 2000), try Grammar(definition))
        var random = SplitMix64(seed: 7)
        for _ in 0..<10 {
            let (one, other) = (Text(small), Text(large))
            for _ in 0..<80 {
                let allowed = one.allowed()
                #expect(allowed == other.allowed())
                guard let token = allowed.sorted().randomElement(using: &random), token != "END" else { break }
                #expect(one.accept(token))
                #expect(other.accept(token))
                #expect(one.isComplete == other.isComplete && one.isFinished == other.isFinished)
            }
        }
    }

    @Test func `Nesting ends somewhere`() throws {
        let state = Text(try Grammar(jsonSchema: "{}"))
        var depth = 0
        while depth < 100_000, state.accept("[") { depth += 1 }
        #expect((100..<10_000).contains(depth))
        #expect(state.accept("1"))
        for _ in 0..<depth { #expect(state.accept("]")) }
        #expect(state.isFinished)
    }
}

/// A text under a grammar, to be asked within expectations.
final class Text {
    private var state: GrammarState

    init(_ grammar: Grammar, afterSpace: Bool = false) { state = GrammarState(grammar, afterSpace: afterSpace) }

    var isComplete: Bool { state.isComplete }
    var isFinished: Bool { state.isFinished }

    @discardableResult
    func accept(_ text: String) -> Bool { accept(Array(text.utf8)) }

    @discardableResult
    func accept(_ bytes: [UInt8]) -> Bool { state.accept(bytes) }

    func mask(_ trie: TokenTrie) -> TokenMask { state.allowedTokens(in: trie) }

    /// What may follow, of ASCII.
    func allowed() -> Set<String> {
        let mask = mask(.bytes)
        var allowed = Set((0..<128).filter { mask.contains($0) }.map { String(UnicodeScalar(UInt8($0))) })
        if mask.contains(256) { allowed.insert("END") }
        return allowed
    }
}

extension Grammar {
    /// Whether this is a whole text of the grammar.
    func accepts(_ text: String) -> Bool {
        let state = Text(self)
        return state.accept(text) && state.isComplete
    }
}
