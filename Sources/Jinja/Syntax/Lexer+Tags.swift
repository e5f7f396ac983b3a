extension Lexer {
    private static let symbols = [
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=",
        ".", ":", "|", ",",
    ]
    /// Bytes. Chosen: far longer than names are, and short enough to stand in an error.
    private static let longestName = 1024
    private static let partners = [")": "(", "]": "[", "}": "{"]

    /// Takes the tokens of a tag up to its end. Within brackets a `}}` is two brackets.
    mutating func readTag(_ end: Token.Kind, closing: String) throws(JinjaError) {
        var brackets: [String] = []
        while true {
            if brackets.isEmpty {
                let here = position
                skipSpace()
                if takeTagEnd(closing, trimsNewline: end == .blockEnd) { return add(end) }
                position = here
            }
            skipSpace()
            guard position < source.count else { throw error("a tag is not closed") }
            let byte = source[position]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): add(try number())
            case UInt8(ascii: "'"), UInt8(ascii: "\""): add(.string(try string(quote: byte)))
            default:
                guard let name = name() else {
                    try readSymbol(&brackets)
                    continue
                }
                if name.utf8.count > Self.longestName { throw error("a name of more than \(Self.longestName) bytes") }
                add(.name(name))
            }
        }
    }

    private mutating func readSymbol(_ brackets: inout [String]) throws(JinjaError) {
        guard let symbol = Self.symbols.first(where: { source[position...].starts(with: $0.utf8) }) else {
            throw error("unexpected character '\(scalar(at: position).map(String.init) ?? "")'")
        }
        if "([{".contains(symbol) { brackets.append(symbol) }
        if let partner = Self.partners[symbol], brackets.popLast() != partner { throw error("unexpected '\(symbol)'") }
        position += symbol.utf8.count
        add(.symbol(symbol))
    }

    private mutating func name() -> String? {
        let start = position
        while position < source.count, let scalar = scalar(at: position) {
            let properties = scalar.properties
            guard scalar == "_" || (position == start ? properties.isXIDStart : properties.isXIDContinue) else { break }
            position += UTF8.width(scalar)
        }
        return position > start ? String(source[start..<position]) : nil
    }

    private mutating func digits() -> String {
        var digits = ""
        while position < source.count, let digit = scalar(at: position), ("0"..."9").contains(digit) || digit == "_" {
            if digit != "_" { digits.unicodeScalars.append(digit) }
            position += 1
        }
        return digits
    }

    private mutating func number() throws(JinjaError) -> Token.Kind {
        for (prefix, radix) in [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)] where take(prefix) {
            guard let name = name() ?? optionalDigits(), let value = Int(name.filter { $0 != "_" }, radix: radix) else {
                throw error("a malformed number")
            }
            return .integer(value)
        }
        var text = digits()
        var isFloat = false
        // An attribute of an attribute by number, `x.0.1`, is no fraction.
        let isAttribute = position - text.utf8.count > 0 && source[position - text.utf8.count - 1] == UInt8(ascii: ".")
        if !isAttribute, isDigit(position + 1), take(".") {
            text += "." + digits()
            isFloat = true
        }
        if !isAttribute, let exponent = exponent() {
            text += exponent
            isFloat = true
        }
        if isFloat, let value = Double(text) { return .float(value) }
        guard let value = Int(text) else { throw error("the number \(text.prefix(40)) is too large") }
        return .integer(value)
    }

    private mutating func optionalDigits() -> String? {
        let digits = digits()
        return digits.isEmpty ? nil : digits + (name() ?? "")
    }

    private func isDigit(_ index: Int) -> Bool {
        index < source.count && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(source[index])
    }

    private mutating func exponent() -> String? {
        let start = position
        guard take("e") || take("E") else { return nil }
        let sign = take("-") ? "-" : ""
        if sign.isEmpty { _ = take("+") }
        guard isDigit(position) else {
            position = start
            return nil
        }
        return "e" + sign + digits()
    }

    private mutating func string(quote: UInt8) throws(JinjaError) -> String {
        position += 1
        var bytes: [UInt8] = []
        while position < source.count {
            let byte = source[position]
            position += 1
            if byte == quote { return String(bytes) }
            if byte == UInt8(ascii: "\\") { bytes += try escape() } else { bytes.append(byte) }
        }
        throw error("a string is not closed")
    }

    /// The bytes of an escape of Python; the backslash of one that is unknown stays.
    private mutating func escape() throws(JinjaError) -> [UInt8] {
        guard position < source.count else { throw error("a string is not closed") }
        let byte = source[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\n"): return []
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): return [byte]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "a"): return [0x07]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "v"): return [0x0B]
        case UInt8(ascii: "x"): return try scalar(digits: 2)
        case UInt8(ascii: "u"): return try scalar(digits: 4)
        case UInt8(ascii: "U"): return try scalar(digits: 8)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            position -= 1
            let digits = source[position...].prefix(3).prefix { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
            position += digits.count
            return try scalar(UInt32(String(digits), radix: 8))
        default: return [UInt8(ascii: "\\"), byte]
        }
    }

    private mutating func scalar(digits count: Int) throws(JinjaError) -> [UInt8] {
        let digits = source[position...].prefix(count)
        position += digits.count
        guard digits.count == count, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
            throw error("a malformed escape in a string")
        }
        return try scalar(UInt32(String(digits), radix: 16))
    }

    private func scalar(_ value: UInt32?) throws(JinjaError) -> [UInt8] {
        guard let scalar = value.flatMap(Unicode.Scalar.init), let bytes = UTF8.encode(scalar) else {
            throw error("an escape in a string that is no Unicode scalar")
        }
        return Array(bytes)
    }
}
