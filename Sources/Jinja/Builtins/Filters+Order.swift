private import OrderedCollections

/// The filters that compare items; texts are compared without case unless asked otherwise.
extension Interpreter {
    mutating func apply(
        orderFilter name: String, to value: Value, _ arguments: Arguments
    ) throws(JinjaError) -> Value? {
        switch name {
        case "sort":
            try arguments.check(name, ["reverse", "case_sensitive", "attribute"])
            let keyed = try keyed(value, by: arguments[2, "attribute"], isCased: arguments.flag(1, "case_sensitive"))
            return try list(try sorted(keyed, isReversed: arguments.flag(0, "reverse")))
        case "unique":
            try arguments.check(name, ["case_sensitive", "attribute"])
            var seen: Set<Value> = []
            var kept: [Value] = []
            for item in try keyed(value, by: arguments[1, "attribute"], isCased: arguments.flag(0, "case_sensitive"))
            where seen.insert(try key(item.key)).inserted {
                kept.append(item.value)
            }
            return try list(kept)
        case "min", "max":
            try arguments.check(name, ["case_sensitive", "attribute"])
            let keyed = try keyed(value, by: arguments[1, "attribute"], isCased: arguments.flag(0, "case_sensitive"))
            guard var best = keyed.first else { return .undefined("the \(name) of nothing") }
            for item in keyed.dropFirst()
            where try name == "min" ? precedes(item.key, best.key) : precedes(best.key, item.key) {
                best = item
            }
            return best.value
        case "sum":
            try arguments.check(name, ["attribute", "start"])
            var sum = arguments[1, "start"] ?? 0
            for item in try items(of: value) {
                sum = try arithmetic(sum, .add, try attribute(arguments[0, "attribute"], of: item))
            }
            return sum
        case "dictsort": return try dictionarySorted(value, arguments)
        default: return nil
        }
    }

    private struct Keyed {
        let key: Value
        let value: Value
    }

    private mutating func attribute(_ path: Value?, of item: Value) throws(JinjaError) -> Value {
        guard let path, path != .none else { return item }
        return try value(at: path, of: item)
    }

    private mutating func keyed(_ value: Value, by path: Value?, isCased: Bool) throws(JinjaError) -> [Keyed] {
        try items(of: value).map { item throws(JinjaError) in
            Keyed(key: try folded(try attribute(path, of: item), isCased), value: item)
        }
    }

    private mutating func folded(_ value: Value, _ isCased: Bool) throws(JinjaError) -> Value {
        guard case .string(let text) = value, !isCased else { return value }
        return .string(try scan(text).lowercased())
    }

    /// A stable merge sort: the standard library's takes no comparison that counts its steps and may throw.
    private mutating func sorted(_ items: [Keyed], isReversed: Bool) throws(JinjaError) -> [Value] {
        var items = items
        var width = 1
        while width < items.count {
            var merged: [Keyed] = []
            merged.reserveCapacity(items.count)
            for start in stride(from: 0, to: items.count, by: 2 * width) {
                var left = items[start..<min(start + width, items.count)]
                var right = items[left.endIndex..<min(start + 2 * width, items.count)]
                while let first = left.first, let second = right.first {
                    try spend()
                    let isBehind =
                        try isReversed ? precedes(first.key, second.key) : precedes(second.key, first.key)
                    merged.append(isBehind ? right.removeFirst() : left.removeFirst())
                }
                merged += left
                merged += right
            }
            items = merged
            width *= 2
        }
        return items.map(\.value)
    }

    private mutating func dictionarySorted(_ value: Value, _ arguments: Arguments) throws(JinjaError) -> Value {
        try arguments.check("dictsort", ["case_sensitive", "by", "reverse"])
        guard case .dictionary(let entries) = value else {
            throw value.undefinedError() ?? JinjaError(.type, "'dictsort' takes a dictionary")
        }
        let by = try arguments.text(1, "by") ?? "key"
        guard by == "key" || by == "value" else { throw JinjaError(.type, "'dictsort' goes by key or by value") }
        let isCased = arguments.flag(0, "case_sensitive")
        var keyed: [Keyed] = []
        for (key, value) in entries {
            keyed.append(Keyed(key: try folded(by == "key" ? key : value, isCased), value: .tuple([key, value])))
        }
        return try list(try sorted(keyed, isReversed: arguments.flag(2, "reverse")))
    }
}
