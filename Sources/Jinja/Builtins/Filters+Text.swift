extension Interpreter {
    mutating func apply(
        textFilter name: String, to value: Value, _ arguments: Arguments
    ) throws(JinjaError) -> Value? {
        switch name {
        case "string", "upper", "lower", "capitalize", "title", "escape", "e":
            try arguments.check(name, [])
            let text = try scan(try self.text(of: value))
            // Each scalar becomes a text.
            if name == "title" { _ = try scan(text) }
            return .string(Self.recased(name, text))
        case "trim":
            try arguments.check(name, ["chars"])
            return .string(try strip(try text(of: value), try arguments.text(0, "chars")))
        case "replace":
            try arguments.check(name, ["old", "new", "count"])
            let old = try text(of: try arguments.required(0, "old", of: name))
            let new = try text(of: try arguments.required(1, "new", of: name))
            return .string(try replace(old, by: new, in: try text(of: value), limit: try arguments.integer(2, "count")))
        case "indent": return .string(try indented(value, arguments))
        case "format":
            guard case .string(let format) = value else { throw JinjaError(.type, "'format' goes with a string") }
            return .string(try self.format(format, arguments))
        default: return nil
        }
    }

    private static func recased(_ name: String, _ text: String) -> String {
        switch name {
        case "upper": return text.uppercased()
        case "lower": return text.lowercased()
        case "capitalize": return text.capitalizedFirst
        case "title":
            var titled = ""
            var isStart = true
            for scalar in text.unicodeScalars {
                titled += isStart ? scalar.properties.uppercaseMapping : scalar.properties.lowercaseMapping
                isStart = scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar)
            }
            return titled
        case "escape", "e":
            var escaped = ""
            for scalar in text.unicodeScalars {
                switch scalar {
                case "&": escaped += "&amp;"
                case "<": escaped += "&lt;"
                case ">": escaped += "&gt;"
                case "'": escaped += "&#39;"
                case "\"": escaped += "&#34;"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        default: return text
        }
    }

    /// `text` without the scalars at its ends that are white space, or of `characters`.
    mutating func strip(
        _ text: String, _ characters: String?, leading: Bool = true, trailing: Bool = true
    ) throws(JinjaError) -> String {
        let characters = try characters.map { characters throws(JinjaError) in try scan(characters) }
        let stripped = try spend(on: text).stripped(characters, leading: leading, trailing: trailing)
        try spend((text.utf8.count - stripped.utf8.count) / 8)
        return stripped
    }

    /// `text` with the first `limit` of `old` replaced; an empty `old` stands between all scalars.
    mutating func replace(
        _ old: String, by new: String, in text: String, limit: Int?
    ) throws(JinjaError) -> String {
        let limit = limit.flatMap { $0 < 0 ? nil : $0 } ?? .max
        var result = BoundedText(limit: limits.bytes)
        if old.isEmpty {
            for (index, scalar) in text.unicodeScalars.enumerated() {
                try spend()
                try result.append((index < limit ? new : "") + String(scalar))
            }
            if text.scalarCount < limit { try result.append(new) }
        } else {
            let bytes = try scan(text).bytes
            var start = 0
            for range in ByteSearch(try scan(old)).all(in: bytes, limit: limit) {
                try spend()
                try result.append(String(bytes[start..<range.lowerBound]))
                try result.append(new)
                start = range.upperBound
            }
            try result.append(String(bytes[start...]))
        }
        return try spend(on: result.text)
    }

    private mutating func indented(_ value: Value, _ arguments: Arguments) throws(JinjaError) -> String {
        try arguments.check("indent", ["width", "first", "blank"])
        var indent = "    "
        switch arguments[0, "width"] {
        case .string(let text)?: indent = text
        case let width?:
            guard let count = width.integer, count <= limits.bytes else {
                throw JinjaError(.type, "'indent' takes a width or a string")
            }
            indent = String(repeating: " ", count: max(0, count))
        case nil: break
        }
        let lines = (try scan(try text(of: value)) + "\n").lines
        var output = BoundedText(limit: limits.bytes)
        for (index, line) in lines.enumerated() {
            try spend()
            if index > 0 { try output.append("\n") }
            let isIndented = index == 0 ? arguments.flag(1, "first") : !line.isEmpty || arguments.flag(2, "blank")
            if isIndented { try output.append(indent) }
            try output.append(line)
        }
        return try spend(on: output.text)
    }

    /// Python's `%` on strings, with `%s`, `%d`, `%i` and `%%`.
    mutating func format(_ format: String, _ arguments: Arguments) throws(JinjaError) -> String {
        var output = BoundedText(limit: limits.bytes)
        var values = arguments.positional[...]
        var scalars = format.unicodeScalars.makeIterator()
        // Each scalar is a text of its own for a moment.
        try spend(format.utf8.count / 4)
        while let scalar = scalars.next() {
            guard scalar == "%" else {
                try output.append(String(scalar))
                continue
            }
            let directive = scalars.next()
            if directive == "%" {
                try output.append("%")
                continue
            }
            guard let value = values.popFirst() else { throw JinjaError(.type, "not enough values for the format") }
            switch directive {
            case "s": try output.append(try text(of: value))
            case "d", "i":
                guard let number = value.number, let integer = Int(exactly: number.rounded(.towardZero)) else {
                    throw JinjaError(.type, "'%d' takes a number")
                }
                try output.append(String(value.integer ?? integer))
            default: throw JinjaError(.unknown, "the format '%\(directive.map(String.init) ?? "")' is not known")
            }
        }
        if !values.isEmpty { throw JinjaError(.type, "too many values for the format") }
        return try spend(on: output.text)
    }
}
