extension Interpreter {
    /// Whether `value` passes a test.
    mutating func apply(test name: String, to value: Value, _ arguments: Arguments) throws(JinjaError) -> Bool {
        if let symbol = Self.comparisons[name] {
            try arguments.check(name, ["other"])
            return try compare(value, symbol, try arguments.required(0, "other", of: name))
        }
        switch name {
        case "in":
            try arguments.check(name, ["seq"])
            return try contains(try arguments.required(0, "seq", of: name), value)
        case "divisibleby":
            try arguments.check(name, ["num"])
            let divisor = try arguments.required(0, "num", of: name)
            return try arithmetic(value, .remainder, divisor).number == 0
        case "sameas":
            try arguments.check(name, ["other"])
            let other = try arguments.required(0, "other", of: name)
            guard value.typeName == other.typeName else { return false }
            return try areEqual(value, other)
        default:
            try arguments.check(name, [])
            return try passes(name, value)
        }
    }

    private static let comparisons: [String: ComparisonOperator] = [
        "==": .equal, "eq": .equal, "equalto": .equal, "!=": .notEqual, "ne": .notEqual, "<": .less, "lt": .less,
        "lessthan": .less, "<=": .lessOrEqual, "le": .lessOrEqual, ">": .greater, "gt": .greater,
        "greaterthan": .greater, ">=": .greaterOrEqual, "ge": .greaterOrEqual,
    ]

    private mutating func passes(_ name: String, _ value: Value) throws(JinjaError) -> Bool {
        switch (name, value) {
        case ("undefined", _): return value.isUndefined
        case ("defined", _): return !value.isUndefined
        case ("none", .none), ("string", .string), ("mapping", .dictionary), ("boolean", .boolean),
            ("integer", .integer), ("float", .float), ("true", .boolean(true)), ("false", .boolean(false)):
            return true
        case ("number", .integer), ("number", .float), ("number", .boolean): return true
        case ("sequence", .list), ("sequence", .tuple), ("sequence", .string), ("sequence", .dictionary),
            ("sequence", .undefined):
            return true
        case ("iterable", .list), ("iterable", .tuple), ("iterable", .string), ("iterable", .dictionary),
            ("iterable", .undefined):
            return true
        case ("callable", .object(let object)):
            switch object.kind {
            case .function, .method, .macro: return true
            case .namespace, .loop: return false
            }
        case ("odd", _), ("even", _):
            return try arithmetic(value, .remainder, 2).number == (name == "odd" ? 1 : 0)
        case ("lower", _), ("upper", _):
            let scalars = try scan(try text(of: value)).unicodeScalars.filter(\.properties.isCased)
            return !scalars.isEmpty
                && scalars.allSatisfy { name == "lower" ? $0.properties.isLowercase : $0.properties.isUppercase }
        default:
            if Self.types.contains(name) { return false }
            throw JinjaError(.unknown, "unknown test '\(name)'")
        }
    }

    private static let types: Set<String> = [
        "none", "string", "mapping", "boolean", "integer", "float", "true", "false", "number", "sequence", "iterable",
        "callable",
    ]
}
