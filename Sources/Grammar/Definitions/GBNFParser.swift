extension GrammarDefinition {
    /// llama.cpp's notation of grammars: rules `name ::= …` of literals, character classes, groups, names,
    /// alternatives, repetitions and comments. The text is what `root` says.
    ///
    /// Source: llama.cpp, `grammars/README.md`.
    /// - Throws: `GrammarError` with the line of what is not understood.
    package static func gbnf(_ source: String) throws(GrammarError) -> GrammarDefinition {
        var parser = try GBNFParser(source)
        let rules = try parser.parse()
        guard rules["root"] != nil else { throw GrammarError("the grammar has no rule named 'root'") }
        return GrammarDefinition(.rule("root"), rules: rules)
    }
}

/// Reads llama.cpp's grammars.
private struct GBNFParser: ScalarParser {
    /// Chosen: ten times llama.cpp's largest examples.
    private static let byteLimit = 1 << 18

    let scalars: [Unicode.Scalar]
    var index = 0
    private var depth = 0

    init(_ source: String) throws(GrammarError) {
        guard source.utf8.count <= Self.byteLimit else {
            throw GrammarError("the grammar is longer than \(Self.byteLimit) bytes")
        }
        scalars = Array(source.unicodeScalars)
    }

    mutating func parse() throws(GrammarError) -> [String: GrammarExpression] {
        var rules: [String: GrammarExpression] = [:]
        skip(newlines: true)
        while peek != nil {
            guard let name = name() else { throw fault("a rule's name is missing") }
            skip(newlines: false)
            guard take(":"), take(":"), take("=") else { throw fault("::= is missing after '\(name)'") }
            skip(newlines: true)
            guard rules[name] == nil else { throw fault("the rule '\(name)' is there twice") }
            rules[name] = try alternatives(isNested: false)
            guard peek == nil || isNewline else { throw fault("what follows is no part of a rule") }
            skip(newlines: true)
        }
        return rules
    }

    func fault(_ reason: String) -> GrammarError {
        let line = scalars[..<min(index, scalars.count)].count { $0 == "\n" } + 1
        return GrammarError("the grammar cannot be read: \(reason)", at: "line \(line)")
    }

    private var isNewline: Bool { peek == "\n" || peek == "\r" }

    /// Steps over spaces and comments.
    private mutating func skip(newlines: Bool) {
        while let scalar = peek {
            if scalar == "#" {
                while peek != nil, !isNewline { index += 1 }
            } else if scalar == " " || scalar == "\t" || newlines && isNewline {
                index += 1
            } else {
                return
            }
        }
    }

    private mutating func name() -> String? {
        let start = index
        while let scalar = peek,
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || scalar == "-" || scalar == "_"
        { index += 1 }
        guard index > start else { return nil }
        var name = ""
        name.unicodeScalars.append(contentsOf: scalars[start..<index])
        return name
    }

    // MARK: Expressions

    private mutating func alternatives(isNested: Bool) throws(GrammarError) -> GrammarExpression {
        var parts = [try sequence(isNested: isNested)]
        while take("|") {
            skip(newlines: true)
            parts.append(try sequence(isNested: isNested))
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence(isNested: Bool) throws(GrammarError) -> GrammarExpression {
        var parts: [GrammarExpression] = []
        while let part = try item() {
            skip(newlines: isNested)
            parts.append(try repeated(part, isNested: isNested))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// - Returns: `nil` where no item begins.
    private mutating func item() throws(GrammarError) -> GrammarExpression? {
        if let name = name() { return .rule(name) }
        switch peek {
        case "\"":
            index += 1
            var text = ""
            while !take("\"") { text.unicodeScalars.append(try character(until: "\"")) }
            return .text(text)
        case "[":
            index += 1
            return .character(try characterClass())
        case ".":
            index += 1
            return .character(.all)
        case "(":
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.depthLimit else { throw fault("groups are nested more than \(Self.depthLimit) deep") }
            index += 1
            skip(newlines: true)
            let body = try alternatives(isNested: true)
            guard take(")") else { throw fault("a ( without a )") }
            return body
        case "<", "!": throw fault("tokens by their names or numbers are not supported")
        default: return nil
        }
    }

    private mutating func repeated(
        _ part: GrammarExpression, isNested: Bool
    ) throws(GrammarError) -> GrammarExpression {
        var part = part
        // Each repetition of a repetition is one level more for the compiler.
        var count = 0
        while let (min, max) = try self.count() {
            count += 1
            guard count <= 4 else { throw fault("a repetition of a repetition") }
            part = .repeated(part, min: min, max: max)
            skip(newlines: isNested)
        }
        return part
    }

    private mutating func count() throws(GrammarError) -> (Int, Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard take("{") else { return nil }
        skip(newlines: true)
        let min = try givenNumber()
        skip(newlines: true)
        var max: Int? = min
        if take(",") {
            skip(newlines: true)
            max = peek == "}" ? nil : try givenNumber()
            skip(newlines: true)
        }
        return try closeCount(min, max)
    }

    /// A number that is there.
    private mutating func givenNumber() throws(GrammarError) -> Int {
        guard let first = peek, ("0"..."9").contains(first) else { throw fault("a count without a number") }
        return try number()
    }

    private mutating func characterClass() throws(GrammarError) -> ScalarSet {
        let isInverted = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        while !take("]") {
            let low = try character(until: "]").value
            guard peek == "-", index + 1 < scalars.count, scalars[index + 1] != "]" else {
                ranges.append(low...low)
                continue
            }
            index += 1
            let high = try character(until: "]").value
            guard high >= low else { throw fault("a range that ends before it begins") }
            ranges.append(low...high)
        }
        return isInverted ? ScalarSet(ranges).inverted : ScalarSet(ranges)
    }

    private mutating func character(until end: Unicode.Scalar) throws(GrammarError) -> Unicode.Scalar {
        guard !isNewline else { throw fault("a \(end) is missing") }
        let scalar = try next()
        guard scalar == "\\" else { return scalar }
        let escape = try next()
        switch escape {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "\\", "\"", "[", "]", "-", "^": return escape
        case "x": return try hexadecimal(2)
        case "u": return try hexadecimal(4)
        case "U": return try hexadecimal(8)
        default: throw fault("the escape \\\(escape) is not known")
        }
    }

    private mutating func hexadecimal(_ count: Int) throws(GrammarError) -> Unicode.Scalar {
        var digits = ""
        for _ in 0..<count { digits.unicodeScalars.append(try next()) }
        return try scalar(hexadecimal: digits)
    }
}
