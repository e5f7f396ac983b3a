extension Interpreter {
    /// The bound of a slice; nil where it is left out.
    mutating func bound(_ expression: Expression?) throws(JinjaError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if case .none = value { return nil }
        guard let bound = value.integer else {
            throw JinjaError(.type, "a slice cannot begin or end at a value of type \(value.typeName)")
        }
        return bound
    }

    /// `value[start:stop:step]` by Python's rules.
    mutating func slice(_ value: Value, _ start: Int?, _ stop: Int?, _ step: Int?) throws(JinjaError) -> Value {
        switch value {
        case .list(let items): return try list(try Self.slice(items, start, stop, step))
        case .tuple(let items): return .tuple(try bounded(try Self.slice(items, start, stop, step)))
        case .string(let text):
            let scalars = try Self.slice(Array(try scan(text).unicodeScalars), start, stop, step)
            return .string(String(String.UnicodeScalarView(scalars)))
        default:
            throw value.undefinedError() ?? JinjaError(.type, "a value of type \(value.typeName) cannot be sliced")
        }
    }

    private static func slice<Item>(
        _ items: [Item], _ start: Int?, _ stop: Int?, _ step: Int?
    ) throws(JinjaError) -> [Item] {
        let step = step ?? 1
        guard step != 0 else { throw JinjaError(.type, "the step of a slice is zero") }
        let (lowest, highest) = step > 0 ? (0, items.count) : (-1, items.count - 1)
        func clamped(_ bound: Int) -> Int { min(max(bound < 0 ? bound + items.count : bound, lowest), highest) }
        let first = start.map(clamped) ?? (step > 0 ? lowest : highest)
        let end = stop.map(clamped) ?? (step > 0 ? highest : lowest)
        return Swift.stride(from: first, to: end, by: min(max(step, -items.count - 1), items.count + 1)).map {
            items[$0]
        }
    }
}
