import Engine
import Grammar
import Server
import Testing

/// Which grammar reaches the engine, by what it takes and refuses.
@Suite struct StructuredOutputTests {
    private func accepts(_ grammar: Grammar, _ text: String) -> Bool {
        var state = GrammarState(grammar)
        return state.accept(text.utf8) && state.isComplete
    }

    @Test(arguments: [
        (#""response_format": {"type": "json_object"}"#, #"{"a": [1, null]}"#, "[1]"),
        (
            #""response_format": {"type": "json_object", "schema": {"required": ["a"], "type": "object"}}"#,
            #"{"a":1}"#, "{}"
        ),
        (
            #""response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "boolean"}}}"#,
            "true", "1"
        ),
        (#""guided_json": {"const": 1}"#, "1", "2"), (#""guided_json": "{\"const\": 1}""#, "1", "2"),
        (#""guided_regex": "a+""#, "aa", "b"), (#""guided_choice": ["x", "y"]"#, "y", "z"),
        (#""guided_grammar": "root ::= [0-9]+""#, "12", "a"), (#""grammar": "root ::= \"é\"""#, "é", "e"),
        (#""json_schema": {"type": "null"}"#, "null", "0"),
        (#""structured_outputs": {"json": {"enum": ["p"]}}"#, #""p""#, "p"),
        (#""structured_outputs": {"json_object": true}"#, "{}", "1"),
        (#""structured_outputs": {"regex": "[xy]{2}"}"#, "xy", "x"),
        (#""structured_outputs": {"choice": ["one"]}"#, "one", "two"),
        (#""structured_outputs": {"grammar": "root ::= \"g\" | root2\nroot2 ::= \"h\""}"#, "h", "i"),
    ])
    func `A grammar reaches the engine from chats and completions`(field: String, good: String, bad: String)
        async throws
    {
        for ask in [{ try await chat($0, $1) }, { try await complete(#""prompt": "a", \#($0)"#, $1) }]
            as [(String, ScriptedGenerator) async throws -> Reply]
        {
            let generator = ScriptedGenerator()
            let reply = try await ask(field + #", "n": 2"#, generator)
            #expect(reply.status == 200, "\(reply.text)")
            #expect(generator.requests.count == 2)
            for request in generator.requests {
                let grammar = try #require(request.grammar)
                #expect(accepts(grammar, good) && !accepts(grammar, bad))
            }
        }
    }

    @Test(arguments: [
        #""response_format": {"type": "text"}"#, #""response_format": null"#, #""grammar": """#,
        #""guided_json": null"#, "\"n\": 1",
    ])
    func `No grammar is none`(_ field: String) async throws {
        let generator = ScriptedGenerator()
        #expect(try await chat(field, generator).status == 200)
        #expect(generator.requests.first.map { $0.grammar == nil } == true)
    }

    @Test func `Properties come in the order of the schema`() async throws {
        let generator = ScriptedGenerator()
        let names = ["zeta", "alpha", "mu", "beta", "omega", "a", "z"]
        let properties = names.map { #""\#($0)": {"type": "null"}"# }.joined(separator: ", ")
        let required = names.map { #""\#($0)""# }.joined(separator: ", ")
        _ = try await chat(
            #""guided_json": {"type": "object", "properties": {\#(properties)}, "required": [\#(required)]}"#, generator
        )
        let grammar = try #require(generator.requests.first?.grammar)
        func object(_ names: [String]) -> String {
            "{" + names.map { #""\#($0)": null"# }.joined(separator: ", ") + "}"
        }
        #expect(accepts(grammar, object(names)))
        #expect(!accepts(grammar, object(names.sorted())))
    }

    @Test func `Errors name the place within a schema`() async throws {
        let schema = #"{"type": "object", "properties": {"a": {"type": "array", "uniqueItems": true}}}"#
        let reply = try await chat(
            #""response_format": {"type": "json_schema", "json_schema": {"schema": \#(schema)}}"#)
        #expect(reply.status == 400)
        let error = try reply.error
        #expect(error?.param == "response_format.json_schema.schema")
        #expect(error?.code == "invalid_grammar")
        #expect(error?.message?.asText?.contains("#/properties/a: the keyword 'uniqueItems' is not supported") == true)
    }

    @Test func `Nesting without end is one clear error`() async throws {
        let deep = String(repeating: "(", count: 60_000) + String(repeating: ")", count: 60_000)
        for field in ["guided_regex", "grammar"] {
            let text = field == "grammar" ? "root ::= " + deep : deep
            #expect(try await chat(#""\#(field)": "\#(text)""#).status == 400)
        }
        let schema = String(repeating: #"{"items":"#, count: 400) + "{}" + String(repeating: "}", count: 400)
        let reply = try await chat(#""guided_json": \#(schema)"#)
        #expect(reply.status == 400)
        #expect(reply.text.contains("nested more than 128 deep"))
    }

    @Test func `Fault 16: Compiled grammars are kept, the last ones`() throws {
        let cache = GrammarCache(limit: 3)
        for index in 0..<20 { _ = try cache.grammar(.regex("a{\(index)}")) }
        #expect(cache.count == 3)
        #expect(throws: GrammarError.self) { try cache.grammar(.regex("(")) }
        #expect(cache.count == 3)
    }
}
