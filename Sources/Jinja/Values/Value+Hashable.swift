private import OrderedCollections

/// Equality is Python's: numbers are equal by value whatever their type, texts by their scalars.
extension Value: Hashable {
    package static func == (a: Value, b: Value) -> Bool {
        switch (a, b) {
        case (.undefined, .undefined), (.none, .none): true
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)): a == b
        case (.dictionary(let a), .dictionary(let b)):
            a.count == b.count && a.allSatisfy { key, value in b[key] == value }
        case (.object(let a), .object(let b)): a == b
        default: numbersAreEqual(a, b)
        }
    }

    private static func numbersAreEqual(_ a: Value, _ b: Value) -> Bool {
        if let a = a.integer, let b = b.integer { return a == b }
        guard let a = a.number, let b = b.number else { return false }
        return a == b
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .undefined, .none: hasher.combine(0)
        case .object(let object): hasher.combine(object)
        case .boolean, .integer, .float: hasher.combine(number)
        case .string(var text): text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        case .list(let items), .tuple(let items): hasher.combine(items)
        case .dictionary(let items): hasher.combine(items.count)
        }
    }

    /// Whether this may be a key.
    var isHashable: Bool {
        switch self {
        case .list, .dictionary: false
        case .tuple(let items): items.allSatisfy(\.isHashable)
        default: true
        }
    }
}
