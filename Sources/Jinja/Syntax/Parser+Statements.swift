extension Parser {
    mutating func template() throws(JinjaError) -> [Statement] {
        let body = try statements(until: [])
        guard current == .end else { throw error("unexpected \(current)") }
        return body
    }

    /// The statements up to a block that begins with one of `words`, whose name is then current; all of them without
    /// `words`.
    private mutating func statements(until words: Set<String>) throws(JinjaError) -> [Statement] {
        try nested { parser throws(JinjaError) in
            var statements: [Statement] = []
            while parser.current != .end {
                let line = parser.line
                switch parser.current {
                case .text(let text):
                    parser.advance()
                    statements.append(Statement(kind: .text(text), line: line))
                case .outputBegin:
                    parser.advance()
                    statements.append(Statement(kind: .output(try parser.tupleOrExpression()), line: line))
                    try parser.expect(.outputEnd)
                default:
                    try parser.expect(.blockBegin)
                    if case .name(let word) = parser.current, words.contains(word) { return statements }
                    statements.append(Statement(kind: try parser.block(), line: line))
                    try parser.expect(.blockEnd)
                }
            }
            if !words.isEmpty { throw parser.error("expected \(words.sorted().joined(separator: " or "))") }
            return statements
        }
    }

    /// The body of a block from the end of its first tag to the name in its last one.
    private mutating func body(until word: String) throws(JinjaError) -> [Statement] {
        try expect(.blockEnd)
        let body = try statements(until: [word])
        advance()
        return body
    }

    private mutating func block() throws(JinjaError) -> Statement.Kind {
        let line = line
        let word = try expectName()
        switch word {
        case "set": return try assignment()
        case "if": return try branch()
        case "for": return try loop()
        case "macro": return try macro()
        case "generation": return .block(try body(until: "endgeneration"))
        case "filter":
            var applications = [try application()]
            while take(symbol: "|") { applications.append(try application()) }
            return .filter(applications, try body(until: "endfilter"))
        case "break", "continue":
            if loops == 0 { throw JinjaError(.syntax, "'\(word)' outside of a loop", line: line) }
            return word == "break" ? .break : .continue
        default: throw JinjaError(.unknown, "unknown tag '\(word)'", line: line)
        }
    }

    private mutating func assignment() throws(JinjaError) -> Statement.Kind {
        let target = try target(allowsAttribute: true)
        if take(symbol: "=") { return .assign(target, try tupleOrExpression()) }
        var applications: [Expression.Application] = []
        while take(symbol: "|") { applications.append(try application()) }
        return .capture(target, applications, try body(until: "endset"))
    }

    private mutating func target(allowsAttribute: Bool) throws(JinjaError) -> Target {
        var targets: [Target] = []
        var isTuple = false
        repeat {
            if case .name(let word) = current, word != "in" {
                advance()
                let attribute = allowsAttribute && take(symbol: ".")
                targets.append(attribute ? .attribute(word, try expectName()) : .name(try assignable(word)))
            } else if take(symbol: "(") {
                targets.append(try nested { parser throws(JinjaError) in try parser.target(allowsAttribute: false) })
                try expect(.symbol(")"))
            } else if !isTuple {
                throw error("expected a name to assign to, found \(current)")
            } else {
                break
            }
            if current == .symbol(",") { isTuple = true }
        } while take(symbol: ",")
        return isTuple ? .tuple(targets) : targets[0]
    }

    private func assignable(_ name: String) throws(JinjaError) -> String {
        if ["true", "false", "none", "True", "False", "None"].contains(name) {
            throw error("cannot assign to '\(name)'")
        }
        return name
    }

    private mutating func branch() throws(JinjaError) -> Statement.Kind {
        var branches: [Statement.Branch] = []
        repeat {
            let condition = try tupleOrExpression(allowsConditional: false)
            try expect(.blockEnd)
            branches.append(
                Statement.Branch(condition: condition, body: try statements(until: ["elif", "else", "endif"])))
        } while take(word: "elif")
        let otherwise = take(word: "else") ? try body(until: "endif") : []
        _ = take(word: "endif")
        return .branch(branches, otherwise: otherwise)
    }

    private mutating func loop() throws(JinjaError) -> Statement.Kind {
        let target = try target(allowsAttribute: false)
        try expect(.name("in"))
        let items = try tupleOrExpression(allowsConditional: false)
        let condition = take(word: "if") ? try expression() : nil
        try expect(.blockEnd)
        loops += 1
        let body = try statements(until: ["else", "endfor"])
        loops -= 1
        let otherwise = take(word: "else") ? try self.body(until: "endfor") : []
        _ = take(word: "endfor")
        return .loop(
            Statement.Loop(target: target, items: items, condition: condition, body: body, otherwise: otherwise))
    }

    private mutating func macro() throws(JinjaError) -> Statement.Kind {
        let name = try expectName()
        var parameters: [Statement.Macro.Parameter] = []
        try expect(.symbol("("))
        while !take(symbol: ")") {
            if !parameters.isEmpty { try expect(.symbol(",")) }
            let parameter = try assignable(try expectName())
            let fallback = take(symbol: "=") ? try expression() : nil
            if fallback == nil, parameters.last?.fallback != nil {
                throw error("a parameter without a default follows one with a default")
            }
            parameters.append(Statement.Macro.Parameter(name: parameter, fallback: fallback))
        }
        // A macro may be called from anywhere: its body is in no loop.
        let outer = loops
        loops = 0
        defer { loops = outer }
        return .macro(Statement.Macro(name: name, parameters: parameters, body: try body(until: "endmacro")))
    }
}
