extension Parser {
    /// Attributes, subscripts and calls of a value.
    mutating func postfix(_ value: Expression) throws(JinjaError) -> Expression {
        var value = value
        while true {
            let line = line
            if take(symbol: ".") {
                value = try attribute(of: value, line: line)
            } else if take(symbol: "[") {
                value = try item(of: value, line: line)
            } else if take(symbol: "(") {
                value = try call(value, line: line)
            } else {
                return value
            }
        }
    }

    private mutating func attribute(of value: Expression, line: Int) throws(JinjaError) -> Expression {
        if case .integer(let index) = current {
            advance()
            let index = try node(.constant(.integer(index)), over: [], line: line)
            return try node(.item(value, index), over: [value, index], line: line)
        }
        return try node(.attribute(value, try expectName()), over: [value], line: line)
    }

    private mutating func item(of value: Expression, line: Int) throws(JinjaError) -> Expression {
        var bounds: [Expression?] = []
        var bound: Expression?
        while !take(symbol: "]") {
            if take(symbol: ":") {
                bounds.append(bound)
                bound = nil
            } else if bound == nil {
                bound = try expression()
            } else {
                throw error("expected ']', found \(current)")
            }
        }
        bounds.append(bound)
        let parts = [value] + bounds.compactMap(\.self)
        switch bounds.count {
        case 1:
            guard let index = bound else { throw error("an empty subscript") }
            return try node(.item(value, index), over: parts, line: line)
        case 2, 3:
            let step = bounds.count == 3 ? bounds[2] : nil
            return try node(.slice(value, start: bounds[0], stop: bounds[1], step: step), over: parts, line: line)
        default: throw error("a slice of more than three parts")
        }
    }

    private mutating func call(_ value: Expression, line: Int) throws(JinjaError) -> Expression {
        let arguments = try arguments()
        return try node(.call(value, arguments), over: [value] + arguments.expressions, line: line)
    }

    /// The arguments of a call after its opening bracket.
    private mutating func arguments() throws(JinjaError) -> Expression.Arguments {
        var arguments = Expression.Arguments()
        var isFirst = true
        while !take(symbol: ")") {
            if !isFirst {
                try expect(.symbol(","))
                if take(symbol: ")") { break }
            }
            isFirst = false
            if case .name(let name) = current, next == .symbol("=") {
                advance()
                advance()
                arguments.keyword.append(Expression.Arguments.Keyword(name: name, value: try expression()))
            } else if arguments.keyword.isEmpty {
                arguments.positional.append(try expression())
            } else {
                throw error("an argument without a name follows one with a name")
            }
        }
        return arguments
    }

    /// The filters and tests that follow a value.
    mutating func applications(to value: Expression) throws(JinjaError) -> Expression {
        var value = value
        while true {
            let line = line
            if take(symbol: "|") {
                let filter = try application()
                value = try node(.filter(value, filter), over: [value] + filter.arguments.expressions, line: line)
            } else if take(word: "is") {
                value = try test(of: value, line: line)
            } else if take(symbol: "(") {
                value = try call(value, line: line)
            } else {
                return value
            }
        }
    }

    /// A filter's name and arguments.
    mutating func application() throws(JinjaError) -> Expression.Application {
        let name = try expectName()
        return Expression.Application(name: name, arguments: take(symbol: "(") ? try arguments() : .init())
    }

    private mutating func test(of value: Expression, line: Int) throws(JinjaError) -> Expression {
        let isNegated = take(word: "not")
        let name = try expectName()
        var arguments = Expression.Arguments()
        if take(symbol: "(") {
            arguments = try self.arguments()
        } else if let operand = try operandOfTest() {
            arguments.positional = [operand]
        }
        let test = Expression.Application(name: name, arguments: arguments)
        let node = try node(.test(value, test), over: [value] + arguments.expressions, line: line)
        return isNegated ? try self.node(.not(node), over: [node], line: line) : node
    }

    /// The argument of a test without brackets, as in `x is divisibleby 3`.
    private mutating func operandOfTest() throws(JinjaError) -> Expression? {
        switch current {
        case .name("else"), .name("or"), .name("and"), .name("if"), .name("in"), .name("not"): return nil
        case .name("is"): throw error("a test of a test")
        case .name, .string, .integer, .float, .symbol("["), .symbol("{"):
            return try nested { parser throws(JinjaError) in try parser.postfix(try parser.primary()) }
        default: return nil
        }
    }
}

extension Expression.Arguments {
    fileprivate var expressions: [Expression] { positional + keyword.map(\.value) }
}
