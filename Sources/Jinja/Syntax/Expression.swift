/// A node of a template's syntax that has a value.
struct Expression: Sendable {
    indirect enum Kind: Sendable {
        case constant(Value)
        case name(String)
        case list([Expression])
        case tuple([Expression])
        case dictionary([Pair])
        case attribute(Expression, String)
        case item(Expression, Expression)
        case slice(Expression, start: Expression?, stop: Expression?, step: Expression?)
        case call(Expression, Arguments)
        case filter(Expression, Application)
        case test(Expression, Application)
        case not(Expression)
        case sign(Expression, isNegative: Bool)
        case arithmetic(Expression, ArithmeticOperator, Expression)
        case concatenation([Expression])
        case comparison(Expression, [Comparison])
        case and(Expression, Expression)
        case or(Expression, Expression)
        case conditional(then: Expression, condition: Expression, otherwise: Expression?)
    }

    struct Pair: Sendable {
        let key: Expression
        let value: Expression
    }

    struct Comparison: Sendable {
        let symbol: ComparisonOperator
        let right: Expression
    }

    struct Arguments: Sendable {
        var positional: [Expression] = []
        var keyword: [Keyword] = []

        struct Keyword: Sendable {
            let name: String
            let value: Expression
        }
    }

    /// A filter or test by name, with its further arguments.
    struct Application: Sendable {
        let name: String
        let arguments: Arguments
    }

    let kind: Kind
    let line: Int
    /// How many nodes are on the longest way down from here.
    let depth: Int

    /// Whether this is text that Jinja takes for HTML, as its form tells: other text is escaped when it is added to it.
    /// Such text is not followed into variables.
    var isMarkup: Bool {
        switch kind {
        case .filter(_, let filter): ["safe", "escape", "e"].contains(filter.name)
        case .arithmetic(let left, .add, let right): left.isMarkup || right.isMarkup
        default: false
        }
    }
}

enum ArithmeticOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"
}

enum ComparisonOperator: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case contained = "in"
    case notContained = "not in"
}
