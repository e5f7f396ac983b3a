import Jinja

/// Makes JSON of arguments that a model wrote as plain text, by what the tool's schema says of them.
enum ArgumentWriter {
    /// The bytes of a text within a JSON string.
    static func escaped(_ text: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case 0x0A: result += "\\n".utf8
            case 0x0D: result += "\\r".utf8
            case 0x09: result += "\\t".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                result += "\\u00\(digits.count < 2 ? "0" : "")\(digits)".utf8
            default: result.append(byte)
            }
        }
        return result
    }

    static func quoted(_ text: some Sequence<UInt8>) -> [UInt8] {
        [UInt8(ascii: "\"")] + escaped(text) + [UInt8(ascii: "\"")]
    }

    /// Whether an argument of this schema can be nothing but a string, so that its text can be passed on as it comes.
    static func isString(_ schema: Value) -> Bool {
        if let type = schema["type"].text { return type == "string" }
        guard case .list(let choices) = schema["enum"], !choices.isEmpty else { return false }
        return choices.allSatisfy { $0.text != nil }
    }

    /// The JSON of an argument that is no plain string: what the text says if that is JSON, Python's words for it, or
    /// the text.
    static func json(_ text: [UInt8], _ schema: Value) -> [UInt8] {
        let text = String(decoding: text, as: UTF8.self)
        let word = text.trimmed
        if case .list(let types) = schema["type"], types.contains("string"), !(word == "null" && types.contains("null"))
        {
            return quoted(text.utf8)
        }
        if let literal = pythonLiteral(word) { return Array(literal.utf8) }
        guard !word.isEmpty, (try? Value(json: word)) != nil else { return quoted(text.utf8) }
        return Array(word.utf8)
    }

    /// Python's words for what JSON has words for.
    static func pythonLiteral(_ word: String) -> String? {
        switch word {
        case "True": "true"
        case "False": "false"
        case "None": "null"
        default: nil
        }
    }
}
