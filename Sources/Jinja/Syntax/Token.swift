/// A piece of a template's source.
struct Token: Sendable {
    enum Kind: Sendable, Hashable {
        /// Text outside of all tags.
        case text(String)
        case outputBegin
        case outputEnd
        case blockBegin
        case blockEnd
        case name(String)
        case string(String)
        case integer(Int)
        case float(Double)
        /// An operator or a bracket.
        case symbol(String)
        case end
    }

    let kind: Kind
    /// Counted from one.
    let line: Int
}

extension Token.Kind: CustomStringConvertible {
    var description: String {
        switch self {
        case .text: "text"
        case .outputBegin: "'{{'"
        case .outputEnd: "'}}'"
        case .blockBegin: "'{%'"
        case .blockEnd: "'%}'"
        case .name(let name): "'\(name)'"
        case .string: "a string"
        case .integer, .float: "a number"
        case .symbol(let symbol): "'\(symbol)'"
        case .end: "the end of the template"
        }
    }
}
