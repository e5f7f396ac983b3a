/// A grammar before it is compiled, to be put together with others:
///
/// ```swift
/// // a call of a tool, as some models write it
/// let call = GrammarDefinition.sequence([
///     .text("<tool_call>\n{\"name\": \"weather\", \"arguments\": "),
///     try .jsonSchema(#"{"type": "object", "properties": {"city": {"type": "string"}}}"#),
///     .text("}\n</tool_call>"),
/// ])
/// let grammar = try Grammar(call)
/// ```
package struct GrammarDefinition: Sendable {
    package let start: GrammarExpression
    package let rules: [String: GrammarExpression]

    package init(_ start: GrammarExpression, rules: [String: GrammarExpression] = [:]) {
        self.start = start
        self.rules = rules
    }

    package static func text(_ text: String) -> GrammarDefinition { GrammarDefinition(.text(text)) }

    /// One after the other.
    package static func sequence(_ parts: [GrammarDefinition]) -> GrammarDefinition { joined(parts) { .sequence($0) } }

    /// One of them.
    package static func choice(_ parts: [GrammarDefinition]) -> GrammarDefinition { joined(parts) { .choice($0) } }

    /// Each part's rules get names of their own.
    private static func joined(
        _ parts: [GrammarDefinition], _ join: ([GrammarExpression]) -> GrammarExpression
    ) -> GrammarDefinition {
        var rules: [String: GrammarExpression] = [:]
        let starts = parts.enumerated().map { index, part in
            let prefix = "\(index) "
            for (name, body) in part.rules { rules[prefix + name] = body.prefixingRules(prefix) }
            return part.rules.isEmpty ? part.start : part.start.prefixingRules(prefix)
        }
        return GrammarDefinition(join(starts), rules: rules)
    }
}

extension GrammarExpression {
    fileprivate func prefixingRules(_ prefix: String) -> GrammarExpression {
        switch self {
        case .literal, .character: self
        case .sequence(let parts): .sequence(parts.map { $0.prefixingRules(prefix) })
        case .choice(let parts): .choice(parts.map { $0.prefixingRules(prefix) })
        case .repeated(let part, let min, let max): .repeated(part.prefixingRules(prefix), min: min, max: max)
        case .list(let elements, let separator):
            .list(
                elements.map { ListElement($0.expression.prefixingRules(prefix), atLeast: $0.min, atMost: $0.max) },
                separator: separator.prefixingRules(prefix))
        case .rule(let name): .rule(prefix + name)
        }
    }
}
