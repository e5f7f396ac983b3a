import Grammar
import Quantities
import Testing

@Suite struct SchemaTests {
    private func expect(_ schema: String, takes good: [String], refuses bad: [String]) throws {
        let grammar = try Grammar(jsonSchema: schema)
        for text in good { #expect(grammar.accepts(text), "\(schema) should take \(text)") }
        for text in bad { #expect(!grammar.accepts(text), "\(schema) should refuse \(text)") }
    }

    @Test func `Between parts of JSON there may be some space, within bounds`() throws {
        try expect(
            #"{"properties": {"a": {"type": "array", "items": {"type": "integer"}}}, "required": ["a"], "type": "object"}"#,
            takes: [
                #"{"a":[1,2]}"#, #"{ "a": [ 1, 2 ] }"#, "{\n  \"a\": [\n    1,\n    2\n  ]\n}", #"{"a" :[]}"#,
                "{\n\n\t\"a\":[ ]}",
            ],
            refuses: [
                " {\"a\":[]}", #"{"a":[]} "#, #"{  "a":[]}"#, "{\n\n\n\"a\":[]}", #"{"a":[1 2]}"#, "{\r\n\"a\":[]}",
            ])
        let compact = try Grammar(jsonSchema: "{}", whitespace: .none)
        #expect(compact.accepts(#"{"a":[1,{}]}"#) && !compact.accepts(#"{"a": 1}"#))
    }

    @Test func `Strings have one spelling`() throws {
        try expect(
            #"{"type": "string"}"#, takes: [#""""#, #""aé日😀""#, #""\"\\\n\t\b\f\r""#, #""\u001f\u007F""#, #""/""#],
            refuses: [#""\u0041""#, #""\/""#, "\"\n\"", "\"\u{7F}\"", #""\x""#, #"""#, #""a"b""#, #""\ud800""#])
    }

    @Test func `Formats take what they name`() throws {
        let cases: [(format: String, good: [String], bad: [String])] = [
            (
                "date", ["2024-02-28", "1999-12-31", "2024-04-30", "0001-01-01", "0900-10-10"],
                ["2024-13-01", "2024-04-31", "2023-02-30", "24-1-1", "0000-01-01"]
            ),
            ("time", ["23:59:59Z", "00:00:00.123+05:30"], ["24:00:00Z", "12:00", "12:00:00"]),
            ("date-time", ["2024-05-06T07:08:09Z"], ["2024-05-06", "2024-05-06 07:08:09Z", "0000-01-11T18:11:31Z"]),
            ("uuid", ["123e4567-e89b-12d3-A456-426614174000"], ["123e4567e89b12d3a456426614174000"]),
            ("email", ["a.b+c@example.co.uk", "x@y"], ["@y", "a@", "a b@c", "a..b@c", "a@-b"]),
            ("hostname", ["example.com", "a-b.c"], ["-a.b", "a..b", "a_b"]),
            ("ipv4", ["0.0.0.0", "255.249.199.9"], ["256.1.1.1", "1.2.3", "01.2.3.4"]),
            (
                "ipv6", ["::", "::1", "1::", "2001:db8::8:800:200c:417a", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::"],
                ["1:2:3:4:5:6:7", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9"]
            ),
            ("uri", ["https://example.com:8080/a/b?c=d#e", "mailto:/x", "a:"], ["://x", "1a:b", "http://a b"]),
        ]
        for (format, good, bad) in cases {
            try expect(
                #"{"type": "string", "format": "\#(format)"}"#, takes: good.map { "\"\($0)\"" },
                refuses: bad.map { "\"\($0)\"" })
        }
    }

    @Test func `Lengths count characters, beside patterns that keep to them`() throws {
        try expect(
            #"{"type": "string", "minLength": 1, "maxLength": 3}"#, takes: [#""é日😀""#, #""\n\"a""#],
            refuses: [#""""#, #""abcd""#])
        try expect(
            #"{"type": "string", "pattern": "^[a-z]+$", "maxLength": 3, "minLength": 2}"#,
            takes: [#""ab""#, #""abc""#],
            refuses: [#""a""#, #""abcd""#, #""a1""#])
        try expect(
            #"{"type": "string", "pattern": "^(ab|c)$", "maxLength": 2}"#, takes: [#""ab""#], refuses: [#""abc""#])
        #expect(throws: GrammarError.self) {
            try Grammar(jsonSchema: #"{"type": "string", "pattern": "^(ab)+$", "maxLength": 5}"#)
        }
    }

    @Test func `Other names than those declared are free, unless they are closed`() throws {
        let open = #"{"type": "object", "properties": {"ab": {"type": "integer"}}}"#
        try expect(
            open, takes: ["{}", #"{"ab": 1, "x": "y"}"#, #"{"a": [], "abc": {}, "": 1}"#],
            refuses: [#"{"ab": "1"}"#, #"{"x": 1, "ab": "1"}"#, #"{"x": 1, "ab": 1}"#])
        try expect(
            #"{"type": "object", "properties": {"ab": {"type": "integer"}}, "additionalProperties": false}"#,
            takes: ["{}", #"{"ab": 1}"#], refuses: [#"{"a": 1}"#, #"{"ab": 1, "b": 1}"#])
        try expect(
            #"{"type": "object", "additionalProperties": {"type": "null"}, "minProperties": 1, "maxProperties": 2}"#,
            takes: [#"{"a": null}"#, #"{"a": null, "b": null}"#],
            refuses: ["{}", #"{"a": null, "b": null, "c": null}"#, #"{"a": 1}"#])
    }

    @Test func `Names of members keep to a schema of their own`() throws {
        try expect(
            #"{"type": "object", "propertyNames": {"pattern": "^[a-z]{1,3}$"}, "additionalProperties": {"type": "null"}}"#,
            takes: ["{}", #"{"abc": null, "x": null}"#], refuses: [#"{"abcd": null}"#, #"{"A": null}"#, #"{"": null}"#])
        let named = #"{"type": "object", "propertyNames": {"maxLength": 3}, "properties": {"a": {}}}"#
        #expect(throws: GrammarError.self) { try Grammar(jsonSchema: named) }
    }

    @Test func `Schemas that must all hold are merged`() throws {
        let a = #"{"type": "object", "properties": {"a": {"type": "integer", "minimum": 0}}, "required": ["a"]}"#
        let b =
            #"{"properties": {"a": {"maximum": 5}, "b": {"type": "null"}}, "required": ["b"], "additionalProperties": false}"#
        try expect(
            #"{"allOf": [\#(a), \#(b)]}"#, takes: [#"{"a": 5, "b": null}"#],
            refuses: [#"{"a": 6, "b": null}"#, #"{"a": -1, "b": null}"#, #"{"a": 1}"#, #"{"a": 1, "b": null, "c": 1}"#])
        try expect(
            ##"{"allOf": [{"$ref": "#/$defs/x"}, {"$ref": "#/$defs/y"}], "$defs": {"x": \##(a), "y": \##(b)}}"##,
            takes: [#"{"a": 3, "b": null}"#], refuses: [#"{"a": 3}"#])
        try expect(
            ##"{"$ref": "#/$defs/x", "maximum": 7, "$defs": {"x": {"type": "number", "minimum": 6}}}"##,
            takes: ["6", "6.5", "7"], refuses: ["5", "8"])
        try expect(
            #"{"anyOf": [{"minimum": 10}, {"type": "integer", "maximum": 3}], "type": "number", "maximum": 12}"#,
            takes: ["11.5", "2"], refuses: ["2.5", "5", "13"])
        try expect(
            #"{"allOf": [{"type": ["integer", "string"]}, {"type": ["number", "null"]}]}"#, takes: ["1"],
            refuses: ["1.5", "null", #""a""#])
    }

    @Test func `Elements come in their number`() throws {
        try expect(
            #"{"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}], "items": {"type": "null"}, "maxItems": 3}"#,
            takes: ["[]", "[1]", "[1,true]", "[1,true,null]"],
            refuses: ["[true]", "[1,1]", "[1,true,null,null]", "[1,]"])
        try expect(
            #"{"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 4}"#,
            takes: ["[1,2]", "[1,2,3,4]"], refuses: ["[1]", "[]", "[1,2,3,4,5]"])
        try expect(
            #"{"type": "array", "items": [{"type": "integer"}], "additionalItems": false, "minItems": 1}"#,
            takes: ["[1]"], refuses: ["[]", "[1,2]"])
    }

    @Test func `Numbers keep to their bounds, whatever these are`() throws {
        var random = SplitMix64(seed: 17)
        func number() -> String {
            let digits = [0, 1, 1, 2, 3].randomElement(using: &random) ?? 1
            let whole = String(Int.random(in: 0..<[1, 10, 100, 1000][digits], using: &random))
            let count = Int.random(in: 0...2, using: &random)
            let fraction = (0..<count).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
            return (Bool.random(using: &random) ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
        }
        var counts = (inside: 0, outside: 0)
        for round in 0..<400 {
            let (low, high) = (number(), number())
            guard let least = Double(low), let most = Double(high), least < most else { continue }
            let (isOpen, isInteger) = (round % 3 == 0, round % 2 == 0)
            let names = isOpen ? ("exclusiveMinimum", "exclusiveMaximum") : ("minimum", "maximum")
            let type = isInteger ? "integer" : "number"
            let schema = #"{"type": "\#(type)", "\#(names.0)": \#(low), "\#(names.1)": \#(high)}"#
            guard let grammar = try? Grammar(jsonSchema: schema) else {
                // Between two neighbours there may be no integer.
                #expect(isInteger && most - least <= 1, "\(schema)")
                continue
            }
            for text in [low, high, low + "0", high + "5"] + (0..<40).map({ _ in number() }) {
                guard let value = Double(text), !(value == 0 && text.hasPrefix("-")) else { continue }
                if isInteger && text.contains(".") { continue }
                if !text.contains("."), text.drop(while: { $0 == "-" }).count > 1,
                    text.drop(while: { $0 == "-" }).hasPrefix("0")
                {
                    continue
                }
                let isInside = isOpen ? least < value && value < most : least <= value && value <= most
                #expect(grammar.accepts(text) == isInside, "\(schema) \(text)")
                if isInside { counts.inside += 1 } else { counts.outside += 1 }
            }
        }
        #expect(counts.inside > 500 && counts.outside > 500, "\(counts)")
    }

    @Test func `A value is written again as it was read`() throws {
        let text = #"{"z":[1.50,-2e3,"é\n\"\\\u0001"],"a":{"":null},"b":true}"#
        #expect(try JSONTree(text).json == text)
        #expect(try JSONTree(" {\"a\" : \"\\u00e9\\ud83d\\ude00\\/\" }\n").json == #"{"a":"é😀/"}"#)
    }
}
