/// JSON of any kind, and the parts that all schemas share.
enum JSONGrammar {
    static let value = "json value"
    static let object = "json object"
    static let array = "json array"
    static let string = "json string"
    static let number = "json number"
    static let integer = "json integer"
    static let space = "json space"

    static func rules(_ whitespace: JSONWhitespace) -> [String: GrammarExpression] {
        let any = GrammarExpression.rule(value)
        let whole = GrammarExpression.sequence([
            .optional(.text("-")), .choice([.text("0"), .sequence([.digit(1...9), .digits(0, nil)])]),
        ])
        let fraction = GrammarExpression.sequence([.text("."), .digits(1, nil)])
        let exponent = GrammarExpression.sequence([
            .character(ScalarSet(["e", "E"])), .optional(.character(ScalarSet(["+", "-"]))), .digits(1, nil),
        ])
        return [
            value: .choice([
                .rule(object), .rule(array), .rule(string), .rule(number), .text("true"), .text("false"),
                .text("null"),
            ]),
            object: braces([.init(member(.rule(string), any, whitespace), atLeast: 0)], whitespace),
            array: brackets([.init(element(any, whitespace), atLeast: 0)], whitespace),
            string: JSONCharacters.quoted(.repeated(JSONCharacters.any, min: 0, max: nil)),
            integer: whole,
            number: .sequence([whole, .optional(fraction), .optional(exponent)]),
            space: spaces,
        ]
    }

    /// Chosen: as llama.cpp: at most one empty line, and indentation for ten levels of two.
    private static let spaces = GrammarExpression.optional(
        .choice([
            .text(" "),
            .sequence([
                .repeated(.text("\n"), min: 1, max: 2),
                .repeated(.character(ScalarSet([" ", "\t"])), min: 0, max: 20),
            ]),
        ]))

    static func gap(_ whitespace: JSONWhitespace) -> GrammarExpression {
        whitespace == .none ? .empty : .rule(space)
    }

    /// A member of an object and the space after it.
    static func member(
        _ name: GrammarExpression, _ value: GrammarExpression, _ whitespace: JSONWhitespace
    ) -> GrammarExpression {
        let gap = gap(whitespace)
        return .sequence([name, gap, .text(":"), gap, value, gap])
    }

    /// An element of an array and the space after it.
    static func element(_ value: GrammarExpression, _ whitespace: JSONWhitespace) -> GrammarExpression {
        .sequence([value, gap(whitespace)])
    }

    static func braces(
        _ members: [GrammarExpression.ListElement], _ whitespace: JSONWhitespace
    ) -> GrammarExpression {
        .sequence([.text("{"), gap(whitespace), list(members, whitespace), .text("}")])
    }

    static func brackets(
        _ elements: [GrammarExpression.ListElement], _ whitespace: JSONWhitespace
    ) -> GrammarExpression {
        .sequence([.text("["), gap(whitespace), list(elements, whitespace), .text("]")])
    }

    private static func list(
        _ elements: [GrammarExpression.ListElement], _ whitespace: JSONWhitespace
    ) -> GrammarExpression {
        .list(elements, separator: .sequence([.text(","), gap(whitespace)]))
    }

    /// A string that is `text`.
    static func literal(_ text: String) -> GrammarExpression { JSONCharacters.quoted(JSONCharacters.escaped(text)) }

    /// A value that is `value`, but for spaces.
    static func constant(_ value: JSONTree, _ whitespace: JSONWhitespace) -> GrammarExpression {
        switch value {
        case .null: .text("null")
        case .bool(let flag): .text(flag ? "true" : "false")
        case .number(let text): .text(text)
        case .string(let text): literal(text)
        case .array(let elements):
            brackets(
                elements.map { .init(element(constant($0, whitespace), whitespace), count: 1...1) }, whitespace)
        case .object(let members):
            braces(
                members.pairs.map { name, value in
                    .init(member(literal(name), constant(value, whitespace), whitespace), count: 1...1)
                }, whitespace)
        }
    }
}
