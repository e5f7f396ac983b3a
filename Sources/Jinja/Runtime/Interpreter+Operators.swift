private import Foundation

extension Interpreter {
    func signed(_ value: Value, isNegative: Bool) throws(JinjaError) -> Value {
        if let integer = value.integer {
            return .integer(try exact(isNegative ? Int.zero.subtractingReportingOverflow(integer) : (integer, false)))
        }
        if case .float(let number) = value { return .float(isNegative ? -number : number) }
        throw value.undefinedError() ?? JinjaError(.type, "a value of type \(value.typeName) has no sign")
    }

    mutating func arithmetic(
        _ left: Value, _ symbol: ArithmeticOperator, _ right: Value
    ) throws(JinjaError) -> Value {
        if let left = left.integer, let right = right.integer { return try integers(left, symbol, right) }
        if let left = left.number, let right = right.number { return .float(try floats(left, symbol, right)) }
        switch (left, symbol, right) {
        case (.string(let left), .add, .string(let right)):
            var text = BoundedText(limit: limits.bytes)
            try text.append(left)
            try text.append(right)
            return .string(try spend(on: text.text))
        case (.list(let left), .add, .list(let right)): return try list(left + right)
        case (.tuple(let left), .add, .tuple(let right)): return .tuple(try bounded(left + right))
        case (.string(let format), .remainder, _):
            let arguments = if case .tuple(let items) = right { items } else { [right] }
            return .string(try self.format(format, Arguments(positional: arguments)))
        case (_, .multiply, _):
            if let count = right.integer { return try repeated(left, count) }
            if let count = left.integer { return try repeated(right, count) }
        default: break
        }
        throw left.undefinedError() ?? right.undefinedError()
            ?? JinjaError(
                .type, "'\(symbol.rawValue)' does not go with the types \(left.typeName) and \(right.typeName)")
    }

    private mutating func repeated(_ value: Value, _ count: Int) throws(JinjaError) -> Value {
        let count = max(0, count)
        switch value {
        case .string(let text):
            guard !text.isEmpty, count > 0 else { return "" }
            guard count <= limits.bytes / text.utf8.count else {
                throw JinjaError(.limit, "a text of more than \(limits.bytes) bytes")
            }
            return .string(try spend(on: Self.repeated(text, count)))
        case .list(let items), .tuple(let items):
            guard items.isEmpty || count <= limits.items / items.count else {
                throw JinjaError(.limit, "a list of more than \(limits.items) items")
            }
            let repeated = try bounded(Array(repeatElement(items, count: items.isEmpty ? 0 : count).joined()))
            if case .list = value { return .list(repeated) }
            return .tuple(repeated)
        default:
            throw value.undefinedError() ?? JinjaError(.type, "a value of type \(value.typeName) cannot be repeated")
        }
    }

    /// By doubling, as `String(repeating:count:)` takes as long for each turn as for sixteen scalars.
    private static func repeated(_ text: String, _ count: Int) -> String {
        var (result, unit, rest) = ("", text, count)
        while rest > 0 {
            if rest % 2 == 1 { result += unit }
            rest /= 2
            if rest > 0 { unit += unit }
        }
        return result
    }

    private func exact(_ result: (partialValue: Int, overflow: Bool)) throws(JinjaError) -> Int {
        if result.overflow { throw JinjaError(.limit, "an integer of more than 64 bits") }
        return result.partialValue
    }

    private func integers(_ left: Int, _ symbol: ArithmeticOperator, _ right: Int) throws(JinjaError) -> Value {
        switch symbol {
        case .add: return .integer(try exact(left.addingReportingOverflow(right)))
        case .subtract: return .integer(try exact(left.subtractingReportingOverflow(right)))
        case .multiply: return .integer(try exact(left.multipliedReportingOverflow(by: right)))
        case .divide: return .float(try floats(Double(left), .divide, Double(right)))
        case .floorDivide, .remainder:
            if right == 0 { throw JinjaError(.type, "division by zero") }
            let quotient = try exact(left.dividedReportingOverflow(by: right))
            let remainder = left - quotient * right
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            if symbol == .remainder { return .integer(isBelow ? remainder + right : remainder) }
            return .integer(isBelow ? quotient - 1 : quotient)
        case .power:
            if right < 0 { return .float(try floats(Double(left), .power, Double(right))) }
            return .integer(try power(left, right))
        }
    }

    private func power(_ base: Int, _ exponent: Int) throws(JinjaError) -> Int {
        if abs(Double(base)) <= 1 { return base == -1 && exponent % 2 == 0 ? 1 : exponent == 0 ? 1 : base }
        var result = 1
        for _ in 0..<exponent { result = try exact(result.multipliedReportingOverflow(by: base)) }
        return result
    }

    private func floats(_ left: Double, _ symbol: ArithmeticOperator, _ right: Double) throws(JinjaError) -> Double {
        switch symbol {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .power:
            if left == 0, right < 0 { throw JinjaError(.type, "division by zero") }
            return pow(left, right)
        case .divide, .floorDivide, .remainder:
            if right == 0 { throw JinjaError(.type, "division by zero") }
            if symbol == .divide { return left / right }
            let remainder = left.truncatingRemainder(dividingBy: right)
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            if symbol == .remainder { return isBelow ? remainder + right : remainder }
            return ((left - (isBelow ? remainder + right : remainder)) / right).rounded()
        }
    }
}
