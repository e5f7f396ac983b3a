package import OrderedCollections

/// A value of the template language, which is Python's.
package enum Value: Sendable {
    /// What a name, attribute or key stands for that does not exist; the text says which.
    case undefined(String)
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case list([Value])
    case tuple([Value])
    case dictionary(OrderedDictionary<Value, Value>)
    /// A function, macro, loop or namespace: what templates make for themselves.
    case object(TemplateObject)
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .float(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(arrayLiteral elements: Value...) { self = .list(elements) }

    /// The last of equal keys wins, as in Python.
    package init(dictionaryLiteral elements: (Value, Value)...) {
        self = .dictionary(OrderedDictionary(elements) { $1 })
    }
}

extension Value {
    /// Python's truth: empty and zero are false.
    var isTrue: Bool {
        switch self {
        case .undefined, .none: false
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .float(let value): value != 0
        case .string(let text): !text.isEmpty
        case .list(let items), .tuple(let items): !items.isEmpty
        case .dictionary(let items): !items.isEmpty
        case .object: true
        }
    }

    /// The integer that this is, with true as 1.
    var integer: Int? {
        switch self {
        case .integer(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The number that this is.
    var number: Double? {
        if case .float(let value) = self { return value }
        return integer.map(Double.init)
    }

    var typeName: String {
        switch self {
        case .undefined: "undefined"
        case .none: "none"
        case .boolean: "boolean"
        case .integer: "integer"
        case .float: "float"
        case .string: "string"
        case .list: "list"
        case .tuple: "tuple"
        case .dictionary: "dictionary"
        case .object: "object"
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }

    /// The error of using this, which is undefined, as a value.
    func undefinedError() -> JinjaError? {
        if case .undefined(let name) = self { JinjaError(.undefined, "\(name) is undefined") } else { nil }
    }
}
