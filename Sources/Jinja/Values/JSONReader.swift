private import OrderedCollections

extension Value {
    /// The value of a JSON text, with the keys of objects in their order, which prompts repeat. Of equal keys the last
    /// one counts.
    ///
    /// - Throws: `JSONFault` where the text is not JSON, or nested too deep for a template.
    /// - Complexity: O(bytes).
    package init(json text: some StringProtocol) throws(JSONFault) {
        var reader = JSONReader(bytes: Array(text.utf8))
        self = try reader.document()
    }

    /// This value as JSON on one line, as templates write it; `nil` for what is no JSON, or more than `limit` bytes.
    package func json(limit: Int = Limits.default.bytes) -> String? {
        var output = BoundedText(limit: limit)
        do { try JSONWriter().write(self, to: &output) } catch { return nil }
        return output.text
    }
}

/// Where a text stops being JSON.
package struct JSONFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
    /// In bytes from the beginning.
    package var offset: Int
}

/// Reads JSON (RFC 8259) by recursive descent.
private struct JSONReader {
    /// As deep as templates take values.
    private static let depthLimit = Limits.default.depth

    let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONFault) -> Value {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw fault("has more than one value") }
        return value
    }

    private func fault(_ description: String) -> JSONFault { JSONFault(description: description, offset: position) }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    /// Takes `text` if it comes next, behind any space.
    private mutating func take(_ text: StaticString) -> Bool {
        skipSpace()
        let length = text.utf8CodeUnitCount
        guard position + length <= bytes.count,
            text.withUTF8Buffer({ $0.elementsEqual(bytes[position..<(position + length)]) })
        else { return false }
        position += length
        return true
    }

    private mutating func value() throws(JSONFault) -> Value {
        if take("{") { return try nested { reader throws(JSONFault) in try reader.dictionary() } }
        if take("[") { return try nested { reader throws(JSONFault) in try reader.list() } }
        if take("\"") { return .string(try string()) }
        if take("true") { return true }
        if take("false") { return false }
        if take("null") { return .none }
        return try number()
    }

    private mutating func nested(
        _ body: (inout JSONReader) throws(JSONFault) -> Value
    ) throws(JSONFault) -> Value {
        guard depth < Self.depthLimit else { throw fault("is nested deeper than \(Self.depthLimit) levels") }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    private mutating func number() throws(JSONFault) -> Value {
        let digits = bytes[position...].prefix { "+-.eE0123456789".utf8.contains($0) }
        let text = String(decoding: digits, as: UTF8.self)
        // What Swift takes besides: a sign or a point in front, a point behind, zeros before other digits.
        let integral = text.hasPrefix("-") ? text.dropFirst() : text[...]
        let first = integral.utf8.first ?? 0
        let isPlain = (0x30...0x39).contains(first) && text.utf8.last != UInt8(ascii: ".") && !text.contains(".e")
        let hasZero = first == 0x30 && integral.utf8.dropFirst().first.map { (0x30...0x39).contains($0) } == true
        guard isPlain, !hasZero, let float = Double(text), float.isFinite else { throw fault("is not JSON") }
        position += digits.count
        return Int(text).map(Value.integer) ?? .float(float)
    }

    private mutating func list() throws(JSONFault) -> Value {
        var items: [Value] = []
        if take("]") { return .list(items) }
        repeat { items.append(try value()) } while take(",")
        guard take("]") else { throw fault("has a list without an end") }
        return .list(items)
    }

    private mutating func dictionary() throws(JSONFault) -> Value {
        var items: OrderedDictionary<Value, Value> = [:]
        if take("}") { return .dictionary(items) }
        repeat {
            guard take("\"") else { throw fault("has an object without a key") }
            let key = try string()
            guard take(":") else { throw fault("has a key without a value") }
            items[.string(key)] = try value()
        } while take(",")
        guard take("}") else { throw fault("has an object without an end") }
        return .dictionary(items)
    }

    /// The rest of a string, whose opening quote is taken.
    private mutating func string() throws(JSONFault) -> String {
        var text: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escaped()
            case 0..<0x20: throw fault("has a control character in a string")
            default: text.append(byte)
            }
        }
        throw fault("has a string without an end")
    }

    private mutating func escaped() throws(JSONFault) -> [UInt8] {
        guard position < bytes.count else { throw fault("has a string without an end") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "u"): return Array(String(decoding: try units(), as: UTF16.self).utf8)
        default: throw fault("has an unknown escape in a string")
        }
    }

    /// One unit of UTF-16, or two where the first begins a pair.
    private mutating func units() throws(JSONFault) -> [UInt16] {
        let first = try unit()
        guard UTF16.isLeadSurrogate(first), bytes[position...].starts(with: Array("\\u".utf8)) else { return [first] }
        let start = position
        position += 2
        let second = try unit()
        if UTF16.isTrailSurrogate(second) { return [first, second] }
        position = start
        return [first]
    }

    private mutating func unit() throws(JSONFault) -> UInt16 {
        let digits = bytes[position...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw fault("has an unknown escape in a string") }
        position += 4
        return unit
    }
}
