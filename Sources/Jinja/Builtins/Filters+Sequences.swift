private import OrderedCollections

extension Interpreter {
    mutating func apply(
        sequenceFilter name: String, to value: Value, _ arguments: Arguments
    ) throws(JinjaError) -> Value? {
        // Jinja goes over a value here only where it is true: none gives nothing, as an empty list does.
        if Self.choices.contains(name), !value.isTrue { return [] }
        switch name {
        case "length", "count":
            try arguments.check(name, [])
            return .integer(try length(of: value))
        case "first", "last":
            try arguments.check(name, [])
            let items = try items(of: value)
            return (name == "first" ? items.first : items.last) ?? .undefined("the \(name) item of nothing")
        case "list":
            try arguments.check(name, [])
            return .list(try items(of: value))
        case "reverse":
            try arguments.check(name, [])
            if case .string(let text) = value { return .string(try scan(text).reversedScalars) }
            return .list(try items(of: value).reversed())
        case "items":
            try arguments.check(name, [])
            if value.isUndefined { return [] }
            guard case .dictionary(let entries) = value else {
                throw JinjaError(.type, "'items' takes a dictionary, not a value of type \(value.typeName)")
            }
            return try list(entries.map { .tuple([$0.key, $0.value]) })
        case "join": return .string(try joined(value, arguments))
        case "map": return try mapped(value, arguments)
        case "select", "reject":
            let test = try selection(arguments, isAttribute: false)
            return try filter(value, keeping: name == "select", test)
        case "selectattr", "rejectattr":
            let test = try selection(arguments, isAttribute: true)
            return try filter(value, keeping: name == "selectattr", test)
        default: return nil
        }
    }

    private static let choices: Set = ["map", "select", "reject", "selectattr", "rejectattr"]

    mutating func length(of value: Value) throws(JinjaError) -> Int {
        switch value {
        case .string(let text): return try spend(on: text).scalarCount
        case .list(let items), .tuple(let items): return items.count
        case .dictionary(let items): return items.count
        case .undefined: return 0
        default: throw JinjaError(.type, "a value of type \(value.typeName) has no length")
        }
    }

    private mutating func joined(_ value: Value, _ arguments: Arguments) throws(JinjaError) -> String {
        try arguments.check("join", ["d", "attribute"])
        let separator = try text(of: arguments[0, "d"] ?? "")
        var output = BoundedText(limit: limits.bytes)
        for (index, item) in try items(of: value).enumerated() {
            var item = item
            if let path = arguments[1, "attribute"] { item = try self.value(at: path, of: item) }
            if index > 0 { try output.append(separator) }
            try output.append(try text(of: item))
        }
        return try spend(on: output.text)
    }

    private mutating func mapped(_ value: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
        let items = try items(of: value)
        if arguments.positional.isEmpty, let path = arguments.keyword["attribute"] {
            try arguments.check("map", ["attribute", "default"])
            return try list(
                try items.map { item throws(JinjaError) in
                    try self.value(at: path, of: item, fallback: arguments.keyword["default"])
                })
        }
        guard case .string(let name)? = arguments.positional.first else {
            throw JinjaError(.type, "'map' takes the name of a filter, or an attribute")
        }
        return try list(
            try items.map { item throws(JinjaError) in
                try apply(filter: name, to: item, arguments.dropping(1))
            })
    }

    /// What `select` and its like look at, and the test that decides.
    fileprivate struct Selection {
        let path: Value?
        let test: String?
        let arguments: Arguments
    }

    private func selection(_ arguments: Arguments, isAttribute: Bool) throws(JinjaError) -> Selection {
        var arguments = arguments
        var path: Value?
        if isAttribute {
            guard let first = arguments.positional.first else {
                throw JinjaError(.type, "the attribute to select by is missing")
            }
            path = first
            arguments = arguments.dropping(1)
        }
        switch arguments.positional.first {
        case .string(let test)?: return Selection(path: path, test: test, arguments: arguments.dropping(1))
        case nil: return Selection(path: path, test: nil, arguments: arguments)
        case .some: throw JinjaError(.type, "the test to select by is no string")
        }
    }

    private mutating func filter(
        _ value: Value, keeping: Bool, _ selection: Selection
    ) throws(JinjaError) -> Value {
        var kept: [Value] = []
        for item in try items(of: value) {
            var subject = item
            if let path = selection.path { subject = try self.value(at: path, of: item) }
            var passes = subject.isTrue
            if let test = selection.test { passes = try apply(test: test, to: subject, selection.arguments) }
            if passes == keeping { kept.append(item) }
        }
        return try list(kept)
    }
}
