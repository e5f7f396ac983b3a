extension Value {
    /// Appends this as Python's `str` writes it; nothing when undefined.
    func write(to output: inout BoundedText) throws(JinjaError) {
        switch self {
        case .undefined: break
        case .string(let text): try output.append(text)
        default: try writeRepresentation(to: &output)
        }
    }

    /// Appends this as Python's `repr` writes it.
    private func writeRepresentation(to output: inout BoundedText) throws(JinjaError) {
        switch self {
        case .undefined: try output.append("Undefined")
        case .none: try output.append("None")
        case .boolean(let value): try output.append(value ? "True" : "False")
        case .integer(let value): try output.append(String(value))
        case .float(let value): try output.append(value.pythonDescription)
        case .string(let text): try output.append(text.pythonLiteral)
        case .list(let items): try Self.write(items, between: "[", "]", to: &output)
        case .tuple(let items): try Self.write(items, between: "(", items.count == 1 ? ",)" : ")", to: &output)
        case .dictionary(let items):
            try output.append("{")
            for (index, item) in items.enumerated() {
                if index > 0 { try output.append(", ") }
                try item.key.writeRepresentation(to: &output)
                try output.append(": ")
                try item.value.writeRepresentation(to: &output)
            }
            try output.append("}")
        case .object(let object): try output.append(object.name)
        }
    }

    private static func write(
        _ items: [Value], between opening: String, _ closing: String, to output: inout BoundedText
    ) throws(JinjaError) {
        try output.append(opening)
        for (index, item) in items.enumerated() {
            if index > 0 { try output.append(", ") }
            try item.writeRepresentation(to: &output)
        }
        try output.append(closing)
    }
}

extension TemplateObject {
    fileprivate var name: String {
        switch kind {
        case .function(let function): "<function \(function.rawValue)>"
        case .method(_, let name): "<method \(name)>"
        case .macro: "<macro>"
        case .namespace: "<namespace>"
        case .loop(let loop): "<loop \(loop.index + 1)/\(loop.items.count)>"
        }
    }
}

extension Double {
    /// This number as Python writes it: the shortest digits that read back the same.
    var pythonDescription: String {
        guard isFinite else { return isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
        let parts = magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + mantissa[0].count - 1
        var digits = mantissa.joined()[...]
        while digits.count > 1, digits.first == "0" {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.count > 1, digits.last == "0" { digits.removeLast() }
        if digits == "0" { exponent = 0 }
        let sign = self.sign == .minus ? "-" : ""
        guard (-4..<16).contains(exponent) else {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let size = String(abs(exponent))
            let padding = size.count < 2 ? "0" : ""
            return sign + digits.prefix(1) + fraction + (exponent < 0 ? "e-" : "e+") + padding + size
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        let whole = digits.prefix(exponent + 1)
        let zeros = String(repeating: "0", count: exponent + 1 - whole.count)
        let fraction = digits.dropFirst(exponent + 1)
        return sign + whole + zeros + "." + (fraction.isEmpty ? "0" : fraction)
    }
}

extension String {
    /// This text as a Python literal.
    fileprivate var pythonLiteral: String {
        let quote: Unicode.Scalar = utf8.contains(UInt8(ascii: "'")) && !utf8.contains(UInt8(ascii: "\"")) ? "\"" : "'"
        var literal = String(quote)
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": literal += "\\n"
            case "\r": literal += "\\r"
            case "\t": literal += "\\t"
            case "\\", quote: literal += "\\\(scalar)"
            default:
                if scalar.isPrintable {
                    literal.unicodeScalars.append(scalar)
                } else {
                    literal += scalar.pythonEscape
                }
            }
        }
        literal.unicodeScalars.append(quote)
        return literal
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }

    fileprivate var pythonEscape: String {
        let digits = String(value, radix: 16)
        let (prefix, width) = value < 0x100 ? ("\\x", 2) : value < 0x10000 ? ("\\u", 4) : ("\\U", 8)
        return prefix + String(repeating: "0", count: width - digits.count) + digits
    }
}
