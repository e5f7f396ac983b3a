private import OrderedCollections

extension Interpreter {
    private static let stringMethods: Set<String> = [
        "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "upper", "lower", "title", "capitalize",
        "startswith", "endswith", "replace", "find", "rfind", "count", "format", "join", "isdigit", "isalpha",
        "isalnum", "isspace", "isupper", "islower", "removeprefix", "removesuffix",
    ]
    private static let dictionaryMethods: Set<String> = ["items", "keys", "values", "get", "copy"]
    private static let listMethods: Set<String> = ["index", "count", "copy"]
    /// What would change a value: the sandbox refuses it, as that of `transformers` does.
    private static let changingMethods: Set<String> = [
        "append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update",
    ]

    func isMethod(_ name: String, of value: Value) -> Bool {
        switch value {
        case .string: Self.stringMethods.contains(name)
        case .dictionary: Self.dictionaryMethods.contains(name)
        case .list: Self.listMethods.contains(name) || Self.changingMethods.contains(name)
        case .tuple: name == "index" || name == "count"
        case .object(let object):
            if case .loop = object.kind { name == "cycle" } else { false }
        default: false
        }
    }

    mutating func call(method name: String, of value: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
        switch value {
        case .string(let text): return try call(stringMethod: name, of: try spend(on: text), arguments)
        case .dictionary(let entries): return try call(dictionaryMethod: name, of: entries, value, arguments)
        case .list(let items), .tuple(let items): return try call(listMethod: name, of: items, value, arguments)
        case .object(let object):
            guard case .loop(let loop) = object.kind, !arguments.positional.isEmpty else {
                throw JinjaError(.type, "'cycle' takes the values to go through")
            }
            return arguments.positional[loop.index % arguments.positional.count]
        default: throw JinjaError(.unknown, "a value of type \(value.typeName) has no method '\(name)'")
        }
    }

    private mutating func call(
        dictionaryMethod name: String, of entries: OrderedDictionary<Value, Value>, _ value: Value,
        _ arguments: Arguments
    ) throws(JinjaError) -> Value {
        try arguments.check(name, name == "get" ? ["key", "default"] : [])
        switch name {
        case "get":
            return entries[try key(try arguments.required(0, "key", of: name))] ?? arguments[1, "default"] ?? .none
        case "keys": return try list(Array(entries.keys))
        case "values": return try list(Array(entries.values))
        case "items": return try list(entries.map { .tuple([$0.key, $0.value]) })
        default: return value
        }
    }

    private mutating func call(
        listMethod name: String, of items: [Value], _ value: Value, _ arguments: Arguments
    ) throws(JinjaError) -> Value {
        if Self.changingMethods.contains(name) {
            throw JinjaError(.type, "'\(name)' would change a list, which templates may not")
        }
        try arguments.check(name, name == "copy" ? [] : ["value"])
        if name == "copy" { return value }
        let wanted = try arguments.required(0, "value", of: name)
        var matches: [Int] = []
        for (index, item) in items.enumerated() where try areEqual(item, wanted) { matches.append(index) }
        if name == "count" { return .integer(matches.count) }
        guard let first = matches.first else { throw JinjaError(.type, "the value is not in the list") }
        return .integer(first)
    }
}
