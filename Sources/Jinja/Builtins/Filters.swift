private import OrderedCollections

extension Interpreter {
    /// The result of a filter.
    mutating func apply(filter name: String, to value: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
        if let result = try apply(textFilter: name, to: value, arguments) { return result }
        if let result = try apply(numberFilter: name, to: value, arguments) { return result }
        if let result = try apply(orderFilter: name, to: value, arguments) { return result }
        if let result = try apply(sequenceFilter: name, to: value, arguments) { return result }
        switch name {
        case "default", "d":
            try arguments.check(name, ["default_value", "boolean"])
            let isMissing = value.isUndefined || (arguments.flag(1, "boolean") && !value.isTrue)
            return isMissing ? arguments[0, "default_value"] ?? "" : value
        case "tojson":
            try arguments.check(name, ["ensure_ascii", "indent", "separators", "sort_keys"])
            return .string(try json(value, arguments))
        case "safe":
            try arguments.check(name, [])
            return .string(try text(of: value))
        default: throw JinjaError(.unknown, "unknown filter '\(name)'")
        }
    }

    private mutating func json(_ value: Value, _ arguments: Arguments) throws(JinjaError) -> String {
        var writer = JSONWriter(
            escapesNonASCII: arguments.flag(0, "ensure_ascii"), sortsKeys: arguments.flag(3, "sort_keys"))
        switch arguments[1, "indent"] {
        case .string(let indent)?: writer.indent = indent
        case let indent?:
            if let width = indent.integer {
                guard width <= 1000 else { throw JinjaError(.limit, "an indent of more than 1000 spaces") }
                writer.indent = String(repeating: " ", count: max(0, width))
            }
        case nil: break
        }
        if writer.indent != nil { writer.itemSeparator = "," }
        if let separators = arguments[2, "separators"], separators != .none {
            let texts = try items(of: separators)
            guard texts.count == 2, case .string(let item) = texts[0], case .string(let key) = texts[1] else {
                throw JinjaError(.type, "'separators' takes two strings")
            }
            (writer.itemSeparator, writer.keySeparator) = (item, key)
        }
        // Keys are compared about as often as a dictionary's count has digits in base two.
        if writer.sortsKeys { for _ in 0..<16 { try measure(value) } }
        var output = BoundedText(limit: limits.bytes)
        try writer.write(value, to: &output)
        return try scan(output.text)
    }

    /// The value at a dotted path of attributes and indices below `value`, with `fallback` for what is undefined on the
    /// way.
    mutating func value(at path: Value, of value: Value, fallback: Value? = nil) throws(JinjaError) -> Value {
        var parts = [path]
        if case .string(let text) = path {
            parts = try scan(text).split(separator: ".", limit: .max).map { Int($0).map(Value.integer) ?? .string($0) }
        }
        var value = value
        for part in parts {
            value = try item(part, of: value)
            if value.isUndefined, let fallback { value = fallback }
        }
        return value
    }
}
