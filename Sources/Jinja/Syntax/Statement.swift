/// A part of a template that writes or steers.
struct Statement: Sendable {
    indirect enum Kind: Sendable {
        case text(String)
        case output(Expression)
        case assign(Target, Expression)
        case capture(Target, [Expression.Application], [Statement])
        case branch([Branch], otherwise: [Statement])
        case loop(Loop)
        case macro(Macro)
        case filter([Expression.Application], [Statement])
        case block([Statement])
        case `break`
        case `continue`
    }

    struct Branch: Sendable {
        let condition: Expression
        let body: [Statement]
    }

    struct Loop: Sendable {
        let target: Target
        let items: Expression
        let condition: Expression?
        let body: [Statement]
        let otherwise: [Statement]
    }

    struct Macro: Sendable {
        struct Parameter: Sendable {
            let name: String
            let fallback: Expression?
        }

        let name: String
        let parameters: [Parameter]
        let body: [Statement]
    }

    let kind: Kind
    let line: Int
}

/// What a value is assigned to.
indirect enum Target: Sendable {
    case name(String)
    case attribute(String, String)
    case tuple([Target])
}
