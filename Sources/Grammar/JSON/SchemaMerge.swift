/// Two schemas as one that asks what both ask.
enum SchemaMerge {
    /// Chosen: alternatives multiply where several are asked for at once; nobody writes so many.
    private static let choiceLimit = 256

    /// - Throws: `GrammarError` where that cannot be said with the keywords there are.
    static func merged(_ a: JSONTree, _ b: JSONTree, at place: String) throws(GrammarError) -> JSONTree {
        switch (a, b) {
        case (.bool(false), _), (_, .bool(false)): return .bool(false)
        case (.bool(true), _): return b
        case (_, .bool(true)): return a
        case (.object(let a), .object(let b)): return .object(try merged(a, b, at: place))
        default: throw GrammarError("a schema must be an object or a boolean", at: place)
        }
    }

    private static func merged(
        _ a: JSONMembers, _ b: JSONMembers, at place: String
    ) throws(GrammarError) -> JSONMembers {
        var result = a
        for (keyword, value) in b.pairs where !SchemaKeywords.annotations.contains(keyword) {
            guard let other = a[keyword] else {
                result[keyword] = value
                continue
            }
            result[keyword] = try both(keyword, other, value, at: place)
        }
        mergeProperties(a, b, &result)
        return result
    }

    private static func both(
        _ keyword: String, _ a: JSONTree, _ b: JSONTree, at place: String
    ) throws(GrammarError) -> JSONTree {
        switch keyword {
        case "required", "allOf": return .array(elements(a) + elements(b))
        case "properties", "additionalProperties": return a
        case "items": return all(a, b)
        case "anyOf", "oneOf":
            let (a, b) = (elements(a), elements(b))
            guard a.count * b.count <= choiceLimit else {
                throw GrammarError(
                    "'\(keyword)' is combined with others to more than \(choiceLimit) choices", at: place)
            }
            return .array(a.flatMap { a in b.map { all(a, $0) } })
        case "type":
            // A whole number is a number.
            let (a, b) = (elements(a), elements(b))
            let isNumber = { (types: [JSONTree]) in types.contains { $0.text == "\"number\"" } }
            return .array(
                a.filter { type in
                    b.contains { $0.text == type.text } || type.text == "\"integer\"" && isNumber(b)
                } + b.filter { $0.text == "\"integer\"" && isNumber(a) })
        case "enum":
            let b = elements(b)
            return .array(elements(a).filter { value in b.contains { $0.text == value.text } })
        case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties":
            if let tighter = bound(a, b, max) { return tighter }
        case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties":
            if let tighter = bound(a, b, min) { return tighter }
        default: if a.text == b.text { return a }
        }
        throw GrammarError("'\(keyword)' cannot be combined with another '\(keyword)'", at: place)
    }

    private static func elements(_ value: JSONTree) -> [JSONTree] {
        if case .array(let elements) = value { elements } else { [value] }
    }

    private static func bound(_ a: JSONTree, _ b: JSONTree, _ tighter: (Decimal, Decimal) -> Decimal) -> JSONTree? {
        guard case .number(let first) = a, case .number(let second) = b, let x = Decimal(first), let y = Decimal(second)
        else { return nil }
        return tighter(x, y) == x ? a : b
    }

    private static func all(_ a: JSONTree, _ b: JSONTree) -> JSONTree {
        var members = JSONMembers()
        members["allOf"] = .array([a, b])
        return .object(members)
    }

    /// A property must be what each schema says of it, by its name or of others.
    private static func mergeProperties(_ a: JSONMembers, _ b: JSONMembers, _ result: inout JSONMembers) {
        let keywords = ["properties", "additionalProperties"]
        guard keywords.contains(where: { a[$0] != nil }), keywords.contains(where: { b[$0] != nil }) else { return }
        func properties(_ schema: JSONMembers) -> JSONMembers {
            if case .object(let members)? = schema["properties"] { members } else { JSONMembers() }
        }
        func simplest(_ a: JSONTree, _ b: JSONTree) -> JSONTree {
            switch (a, b) {
            case (.bool(true), let other), (let other, .bool(true)): other
            case (.bool(false), _), (_, .bool(false)): .bool(false)
            default: all(a, b)
            }
        }
        let (first, second) = (properties(a), properties(b))
        let others = (a["additionalProperties"] ?? .bool(true), b["additionalProperties"] ?? .bool(true))
        var joined = JSONMembers()
        for name in first.names + second.names where joined[name] == nil {
            joined[name] = simplest(first[name] ?? others.0, second[name] ?? others.1)
        }
        result["properties"] = .object(joined)
        result["additionalProperties"] = simplest(others.0, others.1)
    }
}
