private import OrderedCollections

/// Writes values as Python's `json.dumps` does, which is what `transformers` gives templates as `tojson`.
struct JSONWriter {
    var escapesNonASCII = false
    /// What each level is indented by; nil for one line.
    var indent: String?
    var itemSeparator = ", "
    var keySeparator = ": "
    var sortsKeys = false

    func write(_ value: Value, to output: inout BoundedText, level: Int = 0) throws(JinjaError) {
        switch value {
        case .none: try output.append("null")
        case .boolean(let value): try output.append(value ? "true" : "false")
        case .integer(let value): try output.append(String(value))
        case .float(let value): try output.append(Self.number(value))
        case .string(let text): try output.append(quoted(text))
        case .list(let items), .tuple(let items):
            try write(items, between: "[", "]", level, to: &output) { item, output throws(JinjaError) in
                try write(item, to: &output, level: level + 1)
            }
        case .dictionary(let items):
            var pairs = try items.map { key, value throws(JinjaError) in (key: try Self.key(key), value: value) }
            if sortsKeys { pairs.sort { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) } }
            try write(pairs, between: "{", "}", level, to: &output) { pair, output throws(JinjaError) in
                try output.append(quoted(pair.key) + keySeparator)
                try write(pair.value, to: &output, level: level + 1)
            }
        case .undefined, .object:
            throw value.undefinedError() ?? JinjaError(.type, "a value of type \(value.typeName) is no JSON")
        }
    }

    private func write<Item>(
        _ items: [Item], between opening: String, _ closing: String, _ level: Int, to output: inout BoundedText,
        item write: (Item, inout BoundedText) throws(JinjaError) -> Void
    ) throws(JinjaError) {
        if items.isEmpty { return try output.append(opening + closing) }
        func newline(_ level: Int) -> String { indent.map { "\n" + String(repeating: $0, count: level) } ?? "" }
        try output.append(opening + newline(level + 1))
        for (index, item) in items.enumerated() {
            if index > 0 { try output.append(itemSeparator + newline(level + 1)) }
            try write(item, &output)
        }
        try output.append(newline(level) + closing)
    }

    private static func key(_ value: Value) throws(JinjaError) -> String {
        switch value {
        case .string(let text): text
        case .integer(let value): String(value)
        case .float(let value): number(value)
        case .boolean(let value): value ? "true" : "false"
        case .none: "null"
        default: throw JinjaError(.type, "a key of type \(value.typeName) is no JSON")
        }
    }

    private static func number(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.pythonDescription
    }

    private func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{8}": quoted += "\\b"
            case "\u{C}": quoted += "\\f"
            default:
                if scalar.value < 0x20 || (escapesNonASCII && !scalar.isASCII) {
                    for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                        let digits = String(unit, radix: 16)
                        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
