/// Builds a template's statements from its tokens.
///
/// Both the parser's own recursion and the depth of what it builds are bounded, so that no template can exhaust the
/// stack.
struct Parser {
    private let tokens: [Token]
    private var position = 0
    private var depth = 0
    private let limits: Limits
    var loops = 0

    init(_ tokens: [Token], limits: Limits) {
        self.tokens = tokens
        self.limits = limits
    }

    var current: Token.Kind { tokens[position].kind }
    var next: Token.Kind { tokens[min(position + 1, tokens.count - 1)].kind }
    var line: Int { tokens[position].line }

    mutating func advance() { position = min(position + 1, tokens.count - 1) }

    mutating func take(_ kind: Token.Kind) -> Bool {
        guard current == kind else { return false }
        advance()
        return true
    }

    mutating func take(symbol: String) -> Bool { take(.symbol(symbol)) }

    mutating func take(word: String) -> Bool { take(.name(word)) }

    mutating func expect(_ kind: Token.Kind) throws(JinjaError) {
        guard take(kind) else { throw error("expected \(kind), found \(current)") }
    }

    mutating func expectName() throws(JinjaError) -> String {
        guard case .name(let name) = current else { throw error("expected a name, found \(current)") }
        advance()
        return name
    }

    func error(_ message: String) -> JinjaError { JinjaError(.syntax, message, line: line) }

    /// Runs `parse` one level deeper.
    mutating func nested<Node>(
        _ parse: (inout Parser) throws(JinjaError) -> Node
    ) throws(JinjaError) -> Node {
        guard depth < limits.depth else {
            throw JinjaError(.limit, "the template nests deeper than \(limits.depth) levels", line: line)
        }
        depth += 1
        defer { depth -= 1 }
        return try parse(&self)
    }

    /// A node over `parts`.
    func node(_ kind: Expression.Kind, over parts: [Expression], line: Int) throws(JinjaError) -> Expression {
        let depth = 1 + (parts.lazy.map(\.depth).max() ?? 0)
        guard depth <= limits.depth else {
            throw JinjaError(.limit, "an expression is deeper than \(limits.depth) operations", line: line)
        }
        return Expression(kind: kind, line: line, depth: depth)
    }
}
