private import Foundation

extension Interpreter {
    mutating func apply(
        numberFilter name: String, to value: Value, _ arguments: Arguments
    ) throws(JinjaError) -> Value? {
        switch name {
        case "abs":
            try arguments.check(name, [])
            guard let number = value.number else {
                throw value.undefinedError() ?? JinjaError(.type, "'abs' takes a number")
            }
            return number < 0 ? try signed(value, isNegative: true) : try signed(value, isNegative: false)
        case "int":
            try arguments.check(name, ["default", "base"])
            if let error = value.undefinedError() { throw error }
            try spendOnDigits(of: value)
            return try integer(value, base: try arguments.integer(1, "base") ?? 10) ?? arguments[0, "default"] ?? 0
        case "float":
            try arguments.check(name, ["default"])
            if let error = value.undefinedError() { throw error }
            try spendOnDigits(of: value)
            return float(value).map(Value.float) ?? arguments[0, "default"] ?? 0.0
        case "round": return try rounded(value, arguments)
        default: return nil
        }
    }

    /// A text is gone through several times, character by character.
    private mutating func spendOnDigits(of value: Value) throws(JinjaError) {
        if case .string(let text) = value { try spend(text.utf8.count / 4) }
    }

    private func float(_ value: Value) -> Double? {
        guard case .string(let text) = value else { return value.number }
        let digits = text.stripped().lowercased().filter { $0 != "_" }
        return digits.contains("x") ? nil : Double(digits)
    }

    private func integer(_ value: Value, base: Int) throws(JinjaError) -> Value? {
        if case .string(let text) = value {
            guard base == 0 || (2...36).contains(base) else { throw JinjaError(.type, "there is no base \(base)") }
            var digits = text.stripped().lowercased().filter { $0 != "_" }
            let prefixes = [16: "0x", 8: "0o", 2: "0b"]
            if let prefix = prefixes[base], digits.hasPrefix(prefix) { digits.removeFirst(2) }
            if let integer = Int(digits, radix: base == 0 ? 10 : base) { return .integer(integer) }
        }
        if let integer = value.integer { return .integer(integer) }
        guard let number = float(value), number.isFinite else { return nil }
        guard let integer = Int(exactly: number.rounded(.towardZero)) else {
            throw JinjaError(.limit, "an integer of more than 64 bits")
        }
        return .integer(integer)
    }

    /// Halves go to the even neighbour, as in Python.
    private func rounded(_ value: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
        try arguments.check("round", ["precision", "method"])
        let precision = try arguments.integer(0, "precision") ?? 0
        let method = try arguments.text(1, "method") ?? "common"
        guard let number = value.number else {
            throw value.undefinedError() ?? JinjaError(.type, "'round' takes a number")
        }
        guard abs(precision) <= 300 else { throw JinjaError(.type, "'round' takes a precision of at most 300") }
        let scale = pow(10, Double(precision))
        switch method {
        case "common":
            if let integer = value.integer, precision >= 0 { return .integer(integer) }
            let rounded = (number * scale).rounded(.toNearestOrEven) / scale
            if case .float = value { return .float(rounded.isFinite ? rounded : number) }
            return .integer(Int(exactly: rounded) ?? 0)
        case "ceil": return .float((number * scale).rounded(.up) / scale)
        case "floor": return .float((number * scale).rounded(.down) / scale)
        default: throw JinjaError(.type, "'round' knows the methods common, ceil and floor")
        }
    }
}
