extension Parser {
    /// An expression, or several with commas between, which make a tuple.
    mutating func tupleOrExpression(allowsConditional: Bool = true) throws(JinjaError) -> Expression {
        let line = line
        let first = try allowsConditional ? expression() : disjunction()
        guard current == .symbol(",") else { return first }
        var items = [first]
        while take(symbol: ","), !endsTuple {
            items.append(try allowsConditional ? expression() : disjunction())
        }
        return try node(.tuple(items), over: items, line: line)
    }

    private var endsTuple: Bool {
        switch current {
        case .outputEnd, .blockEnd, .symbol(")"), .end: true
        default: false
        }
    }

    mutating func expression() throws(JinjaError) -> Expression {
        try nested { parser throws(JinjaError) in try parser.conditional() }
    }

    private mutating func conditional() throws(JinjaError) -> Expression {
        let line = line
        var value = try disjunction()
        while take(word: "if") {
            let condition = try disjunction()
            let otherwise = take(word: "else") ? try expression() : nil
            value = try node(
                .conditional(then: value, condition: condition, otherwise: otherwise),
                over: [value, condition] + (otherwise.map { [$0] } ?? []), line: line)
        }
        return value
    }

    private mutating func disjunction() throws(JinjaError) -> Expression {
        let line = line
        var left = try conjunction()
        while take(word: "or") {
            let right = try conjunction()
            left = try node(.or(left, right), over: [left, right], line: line)
        }
        return left
    }

    private mutating func conjunction() throws(JinjaError) -> Expression {
        let line = line
        var left = try negation()
        while take(word: "and") {
            let right = try negation()
            left = try node(.and(left, right), over: [left, right], line: line)
        }
        return left
    }

    private mutating func negation() throws(JinjaError) -> Expression {
        let line = line
        guard take(word: "not") else { return try comparison() }
        let operand = try nested { parser throws(JinjaError) in try parser.negation() }
        return try node(.not(operand), over: [operand], line: line)
    }

    private mutating func comparison() throws(JinjaError) -> Expression {
        let line = line
        let left = try sum()
        var comparisons: [Expression.Comparison] = []
        while let symbol = takeComparison() {
            comparisons.append(Expression.Comparison(symbol: symbol, right: try sum()))
        }
        if comparisons.isEmpty { return left }
        return try node(.comparison(left, comparisons), over: [left] + comparisons.map(\.right), line: line)
    }

    private mutating func takeComparison() -> ComparisonOperator? {
        if take(word: "in") { return .contained }
        if current == .name("not"), next == .name("in") {
            advance()
            advance()
            return .notContained
        }
        guard case .symbol(let symbol) = current, let comparison = ComparisonOperator(rawValue: symbol) else {
            return nil
        }
        advance()
        return comparison
    }

    private mutating func sum() throws(JinjaError) -> Expression {
        try arithmetic([.add, .subtract]) { parser throws(JinjaError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(JinjaError) -> Expression {
        let line = line
        var parts = [try product()]
        while take(symbol: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try node(.concatenation(parts), over: parts, line: line)
    }

    private mutating func product() throws(JinjaError) -> Expression {
        try arithmetic([.multiply, .divide, .floorDivide, .remainder]) { parser throws(JinjaError) in
            try parser.arithmetic([.power]) { parser throws(JinjaError) in try parser.unary() }
        }
    }

    /// Operands with operators of one precedence between, which bind to the left; so does the power, in Jinja.
    private mutating func arithmetic(
        _ operators: [ArithmeticOperator], operand: (inout Parser) throws(JinjaError) -> Expression
    ) throws(JinjaError) -> Expression {
        let line = line
        var left = try operand(&self)
        while case .symbol(let symbol) = current, let sign = ArithmeticOperator(rawValue: symbol),
            operators.contains(sign)
        {
            advance()
            let right = try operand(&self)
            left = try node(.arithmetic(left, sign, right), over: [left, right], line: line)
        }
        return left
    }

    private mutating func unary(appliesFilters: Bool = true) throws(JinjaError) -> Expression {
        let line = line
        var value: Expression
        if current == .symbol("-") || current == .symbol("+") {
            let isNegative = current == .symbol("-")
            advance()
            let operand = try nested { parser throws(JinjaError) in try parser.unary(appliesFilters: false) }
            value = try node(.sign(operand, isNegative: isNegative), over: [operand], line: line)
        } else {
            value = try primary()
        }
        value = try postfix(value)
        return appliesFilters ? try applications(to: value) : value
    }

    mutating func primary() throws(JinjaError) -> Expression {
        let line = line
        let token = current
        advance()
        switch token {
        case .name("true"), .name("True"): return try node(.constant(true), over: [], line: line)
        case .name("false"), .name("False"): return try node(.constant(false), over: [], line: line)
        case .name("none"), .name("None"): return try node(.constant(.none), over: [], line: line)
        case .name(let name): return try node(.name(name), over: [], line: line)
        case .integer(let value): return try node(.constant(.integer(value)), over: [], line: line)
        case .float(let value): return try node(.constant(.float(value)), over: [], line: line)
        case .string(var text):
            while case .string(let more) = current {
                text += more
                advance()
            }
            return try node(.constant(.string(text)), over: [], line: line)
        case .symbol("("):
            if take(symbol: ")") { return try node(.tuple([]), over: [], line: line) }
            let value = try tupleOrExpression()
            try expect(.symbol(")"))
            return value
        case .symbol("["):
            let items = try list(until: "]") { parser throws(JinjaError) in try parser.expression() }
            return try node(.list(items), over: items, line: line)
        case .symbol("{"):
            let pairs = try list(until: "}") { parser throws(JinjaError) in
                let key = try parser.expression()
                try parser.expect(.symbol(":"))
                return Expression.Pair(key: key, value: try parser.expression())
            }
            return try node(.dictionary(pairs), over: pairs.flatMap { [$0.key, $0.value] }, line: line)
        default: throw JinjaError(.syntax, "expected an expression, found \(token)", line: line)
        }
    }

    /// Items with commas between, and the bracket that ends them.
    private mutating func list<Item>(
        until end: String, item: (inout Parser) throws(JinjaError) -> Item
    ) throws(JinjaError) -> [Item] {
        var items: [Item] = []
        while !take(symbol: end) {
            if !items.isEmpty {
                try expect(.symbol(","))
                if take(symbol: end) { break }
            }
            items.append(try item(&self))
        }
        return items
    }
}
