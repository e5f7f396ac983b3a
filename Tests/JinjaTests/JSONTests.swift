import Jinja
import OrderedCollections
import Testing

@Suite struct JSONTests {
    private func fault(_ text: String) -> JSONFault? {
        do throws(JSONFault) {
            _ = try Value(json: text)
            return nil
        } catch { return error }
    }

    @Test func `Values are read with the order of their keys`() throws {
        let text = #" {"b": [1, -2.5, 1e3, true, false, null], "a": {"\u00e9\ud83d\ude00\n\"\\\/": "ü"}, "": {}} "#
        let value = try Value(json: text)
        #expect(value == ["b": [1, -2.5, 1000.0, true, false, .none], "a": ["é😀\n\"\\/": "ü"], "": [:]])
        #expect(value.json() == #"{"b": [1, -2.5, 1000.0, true, false, null], "a": {"é😀\n\"\\/": "ü"}, "": {}}"#)
        #expect(value.json(limit: 20) == nil)
        // Of equal keys the last counts; half a surrogate pair is no character; a number that is no Int is a float.
        #expect(try Value(json: #"{"a": 1, "a": 2}"#) == ["a": 2])
        #expect(try Value(json: #""\ud83dx""#) == "\u{fffd}x")
        #expect(try Value(json: "12345678901234567890") == .float(12_345_678_901_234_567_890))
    }

    @Test(
        "What is no JSON is refused",
        arguments: [
            "", " ", "{", "[", "[1,]", "{\"a\"}", "{\"a\":}", "{a: 1}", "{\"a\": 1,}", "\"", "\"\\", "\"\\x\"",
            "\"\\u12\"",
            "\"\\u+123\"", "\"\n\"", "1 2", "01", "+1", "1.", ".5", "1e", "--1", "1e999", "NaN", "tru", "'a'", "[1}",
            "nul",
            "-", "1.e5",
        ])
    func refused(text: String) {
        #expect(fault(text) != nil)
    }

    @Test func `Depth is limited`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(fault(nested(100)) == nil)
        #expect(fault(nested(101))?.description.contains("nested") == true)
        #expect(fault(String(repeating: "{\"a\":", count: 60_000)) != nil)
    }
}
