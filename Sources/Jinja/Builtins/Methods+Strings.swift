extension Interpreter {
    mutating func call(
        stringMethod name: String, of text: String, _ arguments: Arguments
    ) throws(JinjaError) -> Value {
        switch name {
        case "strip", "lstrip", "rstrip":
            try arguments.check(name, ["chars"])
            return .string(
                try strip(
                    text, try arguments.text(0, "chars"), leading: name != "rstrip", trailing: name != "lstrip"))
        case "split", "rsplit": return try split(text, arguments, fromEnd: name == "rsplit")
        case "startswith", "endswith":
            try arguments.check(name, ["prefix"])
            let affixes =
                switch try arguments.required(0, "prefix", of: name) {
                case .tuple(let items): items
                case let affix: [affix]
                }
            for affix in affixes {
                try spend()
                let affix = try spend(on: try string(affix, for: name))
                if name == "startswith" ? text.starts(withText: affix) : text.ends(withText: affix) { return true }
            }
            return false
        case "removeprefix", "removesuffix":
            try arguments.check(name, ["affix"])
            let affix = try string(try arguments.required(0, "affix", of: name), for: name)
            if name == "removeprefix" {
                return .string(text.starts(withText: affix) ? String(text.bytes.dropFirst(affix.utf8.count)) : text)
            }
            return .string(text.ends(withText: affix) ? String(text.bytes.dropLast(affix.utf8.count)) : text)
        case "replace":
            try arguments.check(name, ["old", "new", "count"])
            let old = try string(try arguments.required(0, "old", of: name), for: name)
            let new = try string(try arguments.required(1, "new", of: name), for: name)
            return .string(try replace(old, by: new, in: text, limit: try arguments.integer(2, "count")))
        case "find", "rfind", "count":
            try arguments.check(name, ["sub"])
            let part = try scan(try string(try arguments.required(0, "sub", of: name), for: name))
            return .integer(search(name, part, in: try scan(text)))
        case "join": return .string(try join(arguments, by: text))
        case "format": return .string(try formatted(text, arguments))
        default:
            try arguments.check(name, [])
            return try plainMethod(name, of: text)
        }
    }

    private func string(_ value: Value, for method: String) throws(JinjaError) -> String {
        guard case .string(let text) = value else {
            throw value.undefinedError()
                ?? JinjaError(.type, "'\(method)' takes a string, not a value of type \(value.typeName)")
        }
        return text
    }

    private mutating func split(_ text: String, _ arguments: Arguments, fromEnd: Bool) throws(JinjaError) -> Value {
        try arguments.check("split", ["sep", "maxsplit"])
        let separator = try arguments.text(0, "sep")
        if separator?.isEmpty == true { throw JinjaError(.type, "the separator of 'split' is empty") }
        let limit = try arguments.integer(1, "maxsplit").flatMap { $0 < 0 ? nil : $0 } ?? .max
        _ = try scan(text)
        _ = try scan(separator ?? "")
        let pieces =
            fromEnd
            ? text.splitFromEnd(separator: separator, limit: limit) : text.split(separator: separator, limit: limit)
        return try list(pieces.map(Value.string))
    }

    private func search(_ name: String, _ part: String, in text: String) -> Int {
        let bytes = text.bytes
        if part.isEmpty { return name == "count" ? text.scalarCount + 1 : name == "find" ? 0 : text.scalarCount }
        if name == "count" { return ByteSearch(part).all(in: bytes).count }
        var found = ByteSearch(part).first(in: bytes)?.lowerBound
        if name == "rfind" {
            let reversed = ByteSearch(part.reversedScalars).first(in: text.reversedScalars.bytes)
            found = reversed.map { bytes.count - $0.upperBound }
        }
        return found.map { String(bytes[..<$0]).scalarCount } ?? -1
    }

    private mutating func join(_ arguments: Arguments, by separator: String) throws(JinjaError) -> String {
        try arguments.check("join", ["iterable"])
        var output = BoundedText(limit: limits.bytes)
        for (index, item) in try items(of: try arguments.required(0, "iterable", of: "join")).enumerated() {
            if index > 0 { try output.append(separator) }
            try output.append(try string(item, for: "join"))
        }
        return try spend(on: output.text)
    }

    private mutating func plainMethod(_ name: String, of text: String) throws(JinjaError) -> Value {
        let scalars = try scan(text).unicodeScalars
        func all(_ predicate: (Unicode.Scalar.Properties) -> Bool) -> Value {
            .boolean(!scalars.isEmpty && scalars.allSatisfy { predicate($0.properties) })
        }
        switch name {
        case "upper": return .string(text.uppercased())
        case "lower": return .string(text.lowercased())
        case "title": return .string(try scan(text).titled)
        case "capitalize": return .string(text.capitalizedFirst)
        case "splitlines": return try list(text.lines.map(Value.string))
        case "isspace": return .boolean(!scalars.isEmpty && scalars.allSatisfy(\.isPythonSpace))
        case "isdigit": return all { $0.numericType == .decimal || $0.numericType == .digit }
        case "isalpha": return all { $0.generalCategory.isLetter }
        case "isalnum": return all { $0.generalCategory.isLetter || $0.numericType != nil }
        case "isupper", "islower":
            let cased = scalars.filter(\.properties.isCased)
            return .boolean(
                !cased.isEmpty
                    && cased.allSatisfy { name == "isupper" ? $0.properties.isUppercase : $0.properties.isLowercase })
        default: throw JinjaError(.unknown, "a string has no method '\(name)'")
        }
    }

    /// Python's `str.format` for fields that are empty, numbered or named, without a format of their own.
    private mutating func formatted(_ format: String, _ arguments: Arguments) throws(JinjaError) -> String {
        var output = BoundedText(limit: limits.bytes)
        var nextField = 0
        var rest = Substring(format).unicodeScalars
        // As in `format`, each scalar is a text of its own for a moment.
        try spend(format.utf8.count / 4)
        while let scalar = rest.popFirst() {
            if scalar == "{" || scalar == "}", rest.first == scalar {
                rest.removeFirst()
                try output.append(String(scalar))
            } else if scalar == "{" {
                let field = String(rest.prefix { $0 != "}" })
                rest = rest.dropFirst(field.scalarCount)
                guard rest.popFirst() == "}" else { throw JinjaError(.type, "a field of the format is not closed") }
                let index = field.isEmpty ? nextField : Int(field) ?? .max
                nextField += 1
                guard let value = arguments[index, field] else {
                    throw JinjaError(.type, "the format has no value for '{\(field)}'")
                }
                try output.append(try text(of: value))
            } else if scalar == "}" {
                throw JinjaError(.type, "a '}' of the format stands alone")
            } else {
                try output.append(String(scalar))
            }
        }
        return try spend(on: output.text)
    }
}

extension Unicode.GeneralCategory {
    fileprivate var isLetter: Bool {
        switch self {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }
}
