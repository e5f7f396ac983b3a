import Fuzzing
import Grammar
import Quantities
import Testing

/// Patterns, GBNF and schemas that are nearly right: compiled or refused, and then followed by texts.
@Suite struct FuzzTests {
    private static let patterns = Mutator(
        [
            "(yes|no), [0-9]{3}[a-c]{2,5}!", #"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(\.\d+)?Z"#, "(a+)+b", "[^\"\\\\\\n]*",
            #"^(?:[a-z0-9]+(?:-[a-z0-9]+)*)$"#, "([é-ü]{0,9}){0,9}", #"\u00e9|\x41|\p{L}+"#, ".*?x", "(?=a)b", "",
        ],
        words: [
            "(", ")", "[", "]", "{", "}", "{2,}", "{1,9999}", "{60000}", "*", "+", "?", "|", "\\", "^", "$", ".", "(?:",
            "\\d", "\\p{L}", "\\u{1F680}", "[^", "-", "é", "🚀", "a", "0", "\n",
        ])
    private static let gbnf = Mutator(
        [
            "root ::= \"a\" b*\nb ::= [0-9]{1,3} | \"x\"? root2\nroot2 ::= (\"q\" | [^a-z])+ # note\n",
            "root ::= object\nobject ::= \"{\" (pair (\",\" pair)*)? \"}\"\npair ::= string \":\" value\n"
                + "string ::= \"\\\"\" [^\"\\\\]* \"\\\"\"\nvalue ::= object | string | \"null\" | [0-9]+\n",
            "root ::= [\\x00-\\xFF]{3} \"\\u00e9\" .\n",
        ],
        words: [
            "::=", "root", "b", "\"", "[", "]", "(", ")", "{", "}", "{2,5}", "{99999}", "*", "+", "?", "|", "#", "\n",
            "\\", "\\x", "[^", "-", "\"a\"", " ", "é",
        ])
    private static let schemas = Mutator(
        [
            #"{"type": "object", "properties": {"name": {"type": "string", "maxLength": 12}, "size": {"type": "integer", "minimum": -9, "maximum": 99}}, "required": ["name"], "additionalProperties": false}"#,
            #"{"anyOf": [{"type": "string", "pattern": "^[a-z]+$"}, {"enum": ["a", 1, null, [2]]}, {"const": {"x": 1.5}}]}"#,
            ##"{"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "number", "exclusiveMaximum": 1e3}}}}, "$ref": "#/$defs/node"}"##,
            #"{"type": ["array", "null"], "items": {"type": "string", "format": "date-time"}, "minItems": 1, "maxItems": 4}"#,
            #"{"allOf": [{"properties": {"a": {"type": "boolean"}}}, {"patternProperties": {"^b": true}, "propertyNames": {"maxLength": 3}}]}"#,
        ],
        words: [
            "{", "}", "[", "]", ",", ":", "\"", "\\ud800", "null", "true", "false", "-1", "0", "1e999", "0.1", "1e-7",
            "99999999999999999999", #""type""#, #""object""#, #""array""#, #""integer""#, #""$ref""#, ##""#""##,
            #""anyOf""#, #""allOf""#, #""not""#, #""pattern""#, #""minLength": 9"#, #""maxLength": 70000"#, #"{"a":"#,
            #""uniqueItems": true"#, #""multipleOf": 3"#, #""format""#, "é",
        ])
    private static let texts = [
        "yes, 123abc!", "2024-02-29T01:02:03Z", String(repeating: "a", count: 300), #"{"name": "x", "size": -5}"#,
        "null", "[\"2024\"]", "aq0x", "{\"a\":\"b\"}", "\u{1F680}é\"\\",
    ]

    private func follow(_ grammar: Grammar, _ random: inout SplitMix64) {
        var state = GrammarState(grammar)
        for byte in Self.texts[random.integer(in: 0...Self.texts.count - 1)].utf8 where !state.isFinished {
            if !state.accept(CollectionOfOne(byte)) { break }
        }
    }

    @Test func `Mutated patterns, GBNF and schemas do no harm`() {
        let fuzzing = Fuzzing("grammars", count: 3000)
        let taken = fuzzing.run { random in
            do throws(GrammarError) {
                let grammar =
                    switch random.integer(in: 0...2) {
                    case 0: try Grammar(regex: Self.patterns.text(&random))
                    case 1: try Grammar(gbnf: Self.gbnf.text(&random))
                    default: try Grammar(jsonSchema: Self.schemas.text(&random))
                    }
                follow(grammar, &random)
                return true
            } catch { return false }
        }
        #expect(taken > 0)
    }
}
