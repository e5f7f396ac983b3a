import Grammar
import Testing

/// Sources that are there to break what reads them.
@Suite struct LimitTests {
    private func nested(_ open: String, _ close: String, _ count: Int = 60_000, around core: String = "") -> String {
        String(repeating: open, count: count) + core + String(repeating: close, count: count)
    }

    @Test func `Fault 11: Nesting without end is refused in words`() {
        func reason(_ make: () throws(GrammarError) -> Grammar) -> String {
            do throws(GrammarError) {
                _ = try make()
                return ""
            } catch { return "\(error)" }
        }
        let pattern = nested("(", ")", 30_000)
        #expect(reason { () throws(GrammarError) in try Grammar(regex: pattern) }.contains("nested more than 128 deep"))
        #expect(
            reason { () throws(GrammarError) in try Grammar(gbnf: "root ::= " + nested("(", ")")) }.contains("nested"))
        let schema = nested(#"{"not":"#, "}", 30_000, around: "1")
        #expect(
            reason { () throws(GrammarError) in try Grammar(jsonSchema: schema) }.contains("nested more than 128 deep"))
        #expect(reason { () throws(GrammarError) in try Grammar(jsonSchema: nested("[", "]")) }.contains("nested"))
    }

    @Test(arguments: [
        "root ::= root \"x\" | \"y\"", "root ::= a\na ::= \"q\"? a \"z\" | \"k\"",
        "root ::= a\na ::= (\"\" | \"x\")* b | \"k\"\nb ::= a \"y\"",
    ])
    func `Fault 12: Left recursion is refused by the rule's name`(_ source: String) {
        let error = #expect(throws: GrammarError.self) { try Grammar(gbnf: source) }
        #expect("\(error ?? GrammarError(""))".contains("begins with itself"))
    }

    @Test(arguments: ["a{60000}{60000}", "((a{1000}){1000}){1000}", "(([é-ü]{0,999}){0,999}){0,999}"])
    func `Repetitions that multiply cost no memory`(_ pattern: String) {
        // Refused for its states, or compiled by rules that call each other.
        if let grammar = try? Grammar(regex: pattern) { #expect(!grammar.accepts("b")) }
    }

    @Test func `Repetitions beyond what is written out are refused`() {
        let error = #expect(throws: GrammarError.self) {
            try Grammar(jsonSchema: #"{"type": "string", "maxLength": 999999999}"#)
        }
        #expect("\(error ?? GrammarError(""))".contains("too large"))
        #expect(throws: GrammarError.self) { try Grammar(regex: "a{1,70000}") }
    }

    /// Thousands of them took seconds when each looked through all that follow for its end.
    @Test func `Braces that are no counts stand for themselves`() throws {
        for pattern in [
            "{", "{a", "a{", "a{}", "a{,3}", "a{2", "a{2,", "a{2,b}", "a{2,3,4}", "a{ 2}", "{{{}",
            nested("{", "", 20_000),
        ] {
            #expect(try Grammar(regex: pattern).accepts(pattern), "\(pattern.prefix(9))")
        }
        let counts = try Grammar(regex: "a{2,}b{2}c{0,1}")
        #expect(counts.accepts("aaabb"))
        #expect(!counts.accepts("abb"))
    }

    @Test(arguments: [
        "(a+)+b", "(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*)*x", "([a-z]+)*1", "(a?){30}a{30}b", "(.*a){12}b",
    ])
    func `Fault 15: Patterns that make others backtrack for ever take time in proportion to the text`(_ pattern: String)
        throws
    {
        let grammar = try Grammar(regex: pattern)
        #expect(!grammar.accepts(String(repeating: "a", count: 20_000) + "!"))
    }

    @Test func `A pattern with exponentially many states is followed where texts go`() throws {
        let grammar = try Grammar(regex: "[ab]*a[ab]{200}c")
        let text = String(repeating: "ab", count: 2000)
        #expect(grammar.accepts(text + "bc"))
        #expect(!grammar.accepts(text + "c"))
    }

    @Test(arguments: [
        #"{"type": "text"}"#, #"{"type": 5}"#, #"{"type": "string", "pattern": 5}"#,
        #"{"type": "string", "pattern": "("}"#,
        #"{"enum": []}"#, #"{"enum": 5}"#, #"{"properties": []}"#, #"{"required": [1]}"#, #"{"anyOf": []}"#,
        #"{"allOf": 1}"#,
        ##"{"$ref": "#/nowhere"}"##, #"{"$ref": "http://example.com"}"#, ##"{"$ref": "#"}"##, #"{"minLength": -1}"#,
        #"{"type": "string", "minLength": 1.5}"#, #"{"type": "integer", "minimum": "1"}"#,
        #"{"type": "array", "items": 1}"#,
        #"{"type": "string", "format": "color"}"#, "5", "", "{", #"{"a": 1,}"#, "nul", #"{"a": 01}"#, "\"\\ud800\"",
        "[1] 2",
        ##"{"allOf": [{"$ref": "#"}]}"##, ##"{"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}"##, "false",
        #"{"type": "array", "uniqueItems": true}"#, #"{"not": {}}"#, #"{"type": "integer", "multipleOf": 2}"#,
    ])
    func `Fault 15: A schema that says nothing sensible is refused`(_ schema: String) {
        #expect(throws: GrammarError.self) { try Grammar(jsonSchema: schema) }
    }

    @Test func `Errors say where`() {
        let schema = #"{"type": "object", "properties": {"a/b": {"type": "array", "items": {"uniqueItems": true}}}}"#
        let error = #expect(throws: GrammarError.self) { try Grammar(jsonSchema: schema) }
        #expect(error?.place == "#/properties/a~1b/items")
        #expect(error?.reason == "the keyword 'uniqueItems' is not supported")
        let other = #expect(throws: GrammarError.self) { try Grammar(gbnf: "root ::= a\na ::= \"x") }
        #expect(other?.place == "line 2")
    }

    @Test func `Combinations that multiply are refused`() {
        let branches = (0..<20).map {
            #"{"anyOf": [{"minimum": \#($0)}, {"maximum": \#($0 + 9)}, {"type": "string"}]}"#
        }
        let schema = #"{"allOf": ["# + branches.joined(separator: ",") + "]}"
        #expect(throws: GrammarError.self) { try Grammar(jsonSchema: schema) }
        let doubling = (0..<40).map { i in
            let next = ##"{"$ref": "#/$defs/d\##(i + 1)"}"##
            return
                #""d\#(i)": {"allOf": [{"properties": {"a": \#(next)}}, {"properties": {"a": {"allOf": [\#(next)]}}}]}"#
        }
        let deep = ##"{"$ref": "#/$defs/d0", "$defs": {"d40": {}, "## + doubling.joined(separator: ",") + "}}"
        #expect(throws: GrammarError.self) { try Grammar(jsonSchema: deep) }
    }

    @Test func `Sources that are too long are refused`() {
        let long = String(repeating: "a", count: 1 << 19)
        #expect(throws: GrammarError.self) { try Grammar(regex: long) }
        #expect(throws: GrammarError.self) { try Grammar(gbnf: "root ::= \"\(long)\"") }
        #expect(throws: GrammarError.self) { try Grammar(jsonSchema: "{\"const\": \"\(long)\"}") }
    }
}
