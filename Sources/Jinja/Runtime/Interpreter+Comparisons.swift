private import OrderedCollections

extension Interpreter {
    mutating func compare(_ left: Expression, _ comparisons: [Expression.Comparison]) throws(JinjaError) -> Bool {
        var left = try evaluate(left)
        for comparison in comparisons {
            let right = try evaluate(comparison.right)
            guard try compare(left, comparison.symbol, right) else { return false }
            left = right
        }
        return true
    }

    mutating func compare(_ left: Value, _ symbol: ComparisonOperator, _ right: Value) throws(JinjaError) -> Bool {
        switch symbol {
        case .equal: return try areEqual(left, right)
        case .notEqual: return !(try areEqual(left, right))
        case .contained: return try contains(right, left)
        case .notContained: return !(try contains(right, left))
        case .less: return try precedes(left, right)
        case .greater: return try precedes(right, left)
        case .lessOrEqual:
            let isAfter = try precedes(right, left)
            return !isAfter && !isNaN(left, right)
        case .greaterOrEqual:
            let isBefore = try precedes(left, right)
            return !isBefore && !isNaN(left, right)
        }
    }

    private func isNaN(_ left: Value, _ right: Value) -> Bool {
        left.number?.isNaN == true || right.number?.isNaN == true
    }

    mutating func areEqual(_ left: Value, _ right: Value) throws(JinjaError) -> Bool {
        try measure(left)
        return left == right
    }

    /// Whether `left` comes before `right`: numbers by value, texts by scalars, lists item by item.
    mutating func precedes(_ left: Value, _ right: Value) throws(JinjaError) -> Bool {
        if let left = left.integer, let right = right.integer { return left < right }
        if let left = left.number, let right = right.number { return left < right }
        switch (left, right) {
        case (.string(let left), .string(let right)):
            return try spend(on: left).utf8.lexicographicallyPrecedes(right.utf8)
        case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
            for (left, right) in zip(left, right) where !(try areEqual(left, right)) {
                return try nested { interpreter throws(JinjaError) in try interpreter.precedes(left, right) }
            }
            return left.count < right.count
        default:
            throw left.undefinedError() ?? right.undefinedError()
                ?? JinjaError(.type, "values of the types \(left.typeName) and \(right.typeName) have no order")
        }
    }

    mutating func contains(_ container: Value, _ value: Value) throws(JinjaError) -> Bool {
        switch container {
        case .list(let items), .tuple(let items):
            for item in items {
                if try areEqual(item, value) { return true }
            }
            return false
        case .dictionary(let items): return items[try key(value)] != nil
        case .string(let text):
            guard case .string(let part) = value else {
                throw value.undefinedError()
                    ?? JinjaError(.type, "a value of type \(value.typeName) cannot be in a string")
            }
            return try scan(text).contains(text: try scan(part))
        case .undefined: return false
        default: throw JinjaError(.type, "nothing is in a value of type \(container.typeName)")
        }
    }
}
