/// JSON as it was written: members in their order, numbers in their digits.
///
/// Foundation keeps neither, and the order of a schema's properties is the order of the answer's.
package indirect enum JSONTree: Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONTree])
    case object(JSONMembers)

    /// Chosen: far deeper than schemas are; what reads trees calls itself for each level.
    private static let depthLimit = 128
    /// Chosen: schemas of real APIs have tens of KB.
    package static let byteLimit = 1 << 18

    /// - Parameter byteLimit: of a schema by default.
    /// - Throws: `GrammarError` for what is no JSON, too long, or nested too deeply.
    package init(_ text: String, byteLimit: Int = Self.byteLimit) throws(GrammarError) {
        guard text.utf8.count <= byteLimit else { throw GrammarError("it is longer than \(byteLimit) bytes") }
        var reader = Reader(Array(text.utf8))
        self = try reader.document()
    }

    /// The member of that name, of an object.
    package subscript(name: String) -> JSONTree? { if case .object(let members) = self { members[name] } else { nil } }

    package var isNull: Bool { if case .null = self { true } else { false } }
    package var isBoolean: Bool { if case .bool = self { true } else { false } }
    package var isObject: Bool { if case .object = self { true } else { false } }

    /// The value as JSON again, without spaces.
    package var json: String { written(inOneSpelling: false) }

    /// The value in the only spelling that it and its equals have, to be compared.
    var text: String { written(inOneSpelling: true) }

    private func written(inOneSpelling isCanonical: Bool) -> String {
        switch self {
        case .null: return "null"
        case .bool(let flag): return "\(flag)"
        case .number(let text): return isCanonical ? Decimal(text).map { "\($0)" } ?? text : text
        case .string(let text): return JSONCharacters.json(text)
        case .array(let elements):
            return "[" + elements.map { $0.written(inOneSpelling: isCanonical) }.joined(separator: ",") + "]"
        case .object(let members):
            let parts = members.pairs.map { name, value in
                JSONCharacters.json(name) + ":" + value.written(inOneSpelling: isCanonical)
            }
            return "{" + (isCanonical ? parts.sorted() : parts).joined(separator: ",") + "}"
        }
    }

    var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    /// RFC 8259, of bytes that may be no UTF-8.
    private struct Reader {
        private let bytes: [UInt8]
        private var index = 0
        private var depth = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func document() throws(GrammarError) -> JSONTree {
            let value = try value()
            guard peek == nil else { throw fault }
            return value
        }

        private var fault: GrammarError { GrammarError("it is no JSON: see byte \(index)") }

        /// The next byte that is no space.
        private var peek: UInt8? {
            mutating get {
                while index < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[index]) { index += 1 }
                return index < bytes.count ? bytes[index] : nil
            }
        }

        private mutating func take(_ byte: Character) -> Bool {
            guard peek == byte.asciiValue else { return false }
            index += 1
            return true
        }

        private mutating func value() throws(GrammarError) -> JSONTree {
            depth += 1
            defer { depth -= 1 }
            guard depth <= JSONTree.depthLimit else {
                throw GrammarError("it is nested more than \(JSONTree.depthLimit) deep")
            }
            switch peek {
            case UInt8(ascii: "{"): return .object(try members())
            case UInt8(ascii: "["): return .array(try elements())
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            default: return .number(try number())
            }
        }

        private mutating func members() throws(GrammarError) -> JSONMembers {
            var members = JSONMembers()
            index += 1
            if take("}") { return members }
            repeat {
                guard peek == UInt8(ascii: "\"") else { throw fault }
                let key = try string()
                guard take(":") else { throw fault }
                members[key] = try value()
            } while take(",")
            guard take("}") else { throw fault }
            return members
        }

        private mutating func elements() throws(GrammarError) -> [JSONTree] {
            var elements: [JSONTree] = []
            index += 1
            if take("]") { return elements }
            repeat { elements.append(try value()) } while take(",")
            guard take("]") else { throw fault }
            return elements
        }

        private mutating func word(_ word: String, _ value: JSONTree) throws(GrammarError) -> JSONTree {
            guard bytes[index...].starts(with: word.utf8) else { throw fault }
            index += word.utf8.count
            return value
        }

        private mutating func number() throws(GrammarError) -> String {
            let start = index
            while index < bytes.count, "+-.eE0123456789".utf8.contains(bytes[index]) { index += 1 }
            let text = String(decoding: bytes[start..<index], as: UTF8.self)
            guard Decimal(text) != nil else { throw fault }
            return text
        }

        private mutating func string() throws(GrammarError) -> String {
            index += 1
            var (text, surrogate): ([UInt8], UInt32?) = ([], nil)
            while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                guard bytes[index] >= 0x20 else { throw fault }
                guard bytes[index] == UInt8(ascii: "\\") else {
                    guard surrogate == nil else { throw fault }
                    text.append(bytes[index])
                    index += 1
                    continue
                }
                let unit = try escape()
                if let high = surrogate {
                    guard (0xDC00...0xDFFF).contains(unit) else { throw fault }
                    text += Self.utf8(0x10000 + (high - 0xD800) << 10 + (unit - 0xDC00))
                    surrogate = nil
                } else if (0xD800...0xDBFF).contains(unit) {
                    surrogate = unit
                } else {
                    guard !(0xDC00...0xDFFF).contains(unit) else { throw fault }
                    text += Self.utf8(unit)
                }
            }
            guard surrogate == nil, index < bytes.count, let valid = String(validating: text, as: UTF8.self) else {
                throw fault
            }
            index += 1
            return valid
        }

        private static func utf8(_ scalar: UInt32) -> [UInt8] {
            Unicode.Scalar(scalar).map { Array(Character($0).utf8) } ?? []
        }

        /// The UTF-16 unit that an escape stands for.
        private mutating func escape() throws(GrammarError) -> UInt32 {
            guard index + 1 < bytes.count else { throw fault }
            let letter = bytes[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "b"): return 0x08
            case UInt8(ascii: "f"): return 0x0C
            case UInt8(ascii: "n"): return 0x0A
            case UInt8(ascii: "r"): return 0x0D
            case UInt8(ascii: "t"): return 0x09
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt32(letter)
            case UInt8(ascii: "u"):
                guard index + 4 <= bytes.count else { throw fault }
                let digits = String(decoding: bytes[index..<index + 4], as: UTF8.self)
                guard digits.allSatisfy({ $0.isASCII && $0.isHexDigit }), let unit = UInt32(digits, radix: 16) else {
                    throw fault
                }
                index += 4
                return unit
            default: throw fault
            }
        }
    }
}

/// The members of a JSON object, in their order; of two with one name the later counts.
package struct JSONMembers: Sendable {
    private(set) var names: [String] = []
    private var values: [String: JSONTree] = [:]

    package init() {}

    package subscript(name: String) -> JSONTree? {
        get { values[name] }
        set {
            if values[name] == nil, newValue != nil { names.append(name) }
            if newValue == nil { names.removeAll { $0 == name } }
            values[name] = newValue
        }
    }

    var isEmpty: Bool { names.isEmpty }

    var pairs: [(name: String, value: JSONTree)] {
        names.compactMap { name in values[name].map { (name, $0) } }
    }
}
