import ConfigurationFiles
import Testing

struct FieldTests {
    private enum Word: String, CaseIterable { case yes, no }

    private func refusal(_ yaml: String, _ read: (Field) throws(FileError) -> Void) -> String? {
        do {
            try read(Field(yaml, file: "a.yaml"))
            return nil
        } catch { return error.description }
    }

    @Test func valuesAreRead() throws {
        let root = try Field(
            "{t: text, n: 1_000, d: -2.5e3, f: yes, w: 'no', l: [1, 2], x: null, y: ~, z: }", file: "a.yaml")
        #expect(try root.field("t").text() == "text")
        #expect(try root.field("n").integer(1...1000) == 1000)
        #expect(try root.field("d").number(-1e4...0) == -2500)
        #expect(try root.field("n").number() == 1000)
        #expect(try root.field("f").flag())
        #expect(try root.field("w").choice() == Word.no)
        #expect(try root.field("l").elements().map { try $0.integer(0...9) } == [1, 2])
        for key in ["x", "y", "z", "absent"] { #expect(try root.optional(key) == nil) }
    }

    @Test(arguments: ["'5'", "\"5\"", "5.5", "0x10", "1e3", "9223372036854775808", "[5]", "{a: 5}", "5 6", "true"])
    func onlyPlainWholeNumbersAreIntegers(text: String) {
        let refusal = refusal("v: \(text)") { root throws(FileError) in _ = try root.field("v").integer(0...Int.max) }
        #expect(refusal?.hasPrefix("a.yaml:1: v: must be an integer") == true, "\(refusal ?? "taken")")
    }

    @Test(arguments: ["'5'", "nan", ".nan", "inf", "-.inf", "1:30", "[]", "five"])
    func onlyPlainFiniteNumbersAreNumbers(text: String) {
        let refusal = refusal("v: \(text)") { root throws(FileError) in _ = try root.field("v").number() }
        #expect(refusal?.hasPrefix("a.yaml:1: v: must be") == true, "\(refusal ?? "taken")")
    }

    @Test func quotedWordsAreNotFlags() {
        for text in ["'true'", "1", "[]", "oui"] {
            let refusal = refusal("v: \(text)") { root throws(FileError) in _ = try root.field("v").flag() }
            #expect(refusal?.hasPrefix("a.yaml:1: v: must be true or false") == true)
        }
    }

    @Test func pathsAndLinesLeadToTheField() {
        let yaml = "# what it is\na:\n- b: 1\n- b: 2\n  c:\n    d: 0\n"
        let refusal = refusal(yaml) { root throws(FileError) in
            _ = try root.field("a").elements()[1].field("c").field("d").integer(1...10)
        }
        #expect(refusal == "a.yaml:6: a[1].c.d: must be between 1 and 10; is 0")
    }

    @Test(arguments: [
        ("a: [1, 2", "a.yaml:1: document: "), ("a:\n\t- 1", "a.yaml:2: document: "),
        ("a: 1\na: 2", ": a: is given twice"),
        ("a: *b", "a.yaml:1: document: found undefined alias"), ("--- 1\n--- 2", "a.yaml:2: document: "),
        ("# nothing", "a.yaml:1: document: is empty"), ("a: \u{1}", "a.yaml:1: document: control characters"),
    ])
    func textThatIsNotYAMLIsRefused(yaml: String, expected: String) {
        #expect(refusal(yaml) { _ in }?.contains(expected) == true, "\(refusal(yaml) { _ in } ?? "taken")")
    }

    @Test func depthIsBounded() {
        let yaml = String(repeating: "[", count: 100_000)
        #expect(refusal(yaml) { _ in }?.contains("nesting level") == true)
    }

    @Test func mergedMappingsFillIn() throws {
        let yaml = "base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}\nboth: {<<: [{c: 4}, *base]}"
        let root = try Field(yaml, file: "a.yaml")
        #expect(try root.field("own").field("a").integer(0...9) == 1)
        #expect(try root.field("own").field("b").integer(0...9) == 3)
        #expect(try root.field("both").field("c").integer(0...9) == 4)
        #expect(try root.field("both").field("b").integer(0...9) == 2)
        try root.field("own").allowOnly(["a", "b"])
    }

    @Test func surrogatesAreJoinedInJSONOnly() throws {
        let json = #"{"a": "\ud83e\uddf5", "b": "\\ud83e\\uddf5", "c": "\u00e9\n\/"}"#
        let root = try Field(json, file: "a.json")
        #expect(try root.field("a").text() == "🧵")
        #expect(try root.field("b").text() == #"\ud83e\uddf5"#)
        #expect(try root.field("c").text() == "é\n/")
        #expect(try Field(#"a: \ud83e\uddf5"#, file: "a.yaml").field("a").text() == #"\ud83e\uddf5"#)
        #expect(refusal(#"{"a": "\ud83e"}"#) { _ in } != nil)
    }

    @Test func tablesAreRead() throws {
        let rows = try Field.rows("b, a\r\n1,\r\n\r\n2,x", file: "a.csv", columns: ["a", "b"])
        #expect(try rows.map { try $0.field("b").integer(0...9) } == [1, 2])
        #expect(try rows[0].optional("a") == nil)
        let error = #expect(throws: FileError.self) { try rows[1].field("a").number() }
        #expect(error?.description == "a.csv:4: a: must be a number; is 'x'")
    }

    @Test func textsThatAreWrittenAreRead() throws {
        for text in ["plain", "no", "1", "a: b", "\"quoted\"\\", "tab\tnewline\n", "é 🧵", "- x"] {
            let root = try Field("a: \(YAMLText.quoted(text))", file: "a.yaml")
            #expect(try root.field("a").text() == text)
        }
    }
}
