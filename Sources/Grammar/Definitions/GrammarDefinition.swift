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

    /// One of them, once or several times, with the separator between.
    package static func repeated(_ part: GrammarDefinition, separator: String) -> GrammarDefinition {
        GrammarDefinition(
            .sequence([
                part.start, .repeated(.sequence([.text(separator), part.start]), min: 0, max: nil),
            ]), rules: part.rules)
    }

    /// Any text, up to and with the first `end`, which is not empty.
    ///
    /// Where `end` begins as it goes on, the text may have it more than once.
    package static func anything(upTo end: String) -> GrammarDefinition {
        let scalars = Array(end.unicodeScalars)
        guard let first = scalars.first, !scalars.dropFirst().contains(first) else {
            return GrammarDefinition(.sequence([.repeated(.character(.all), min: 0, max: nil), .text(end)]))
        }
        // Beginnings of the end that go on otherwise, each perhaps behind others that are broken off by its first
        // character.
        let begun = (1..<scalars.count).map { count in
            (text: GrammarExpression.text(String(String.UnicodeScalarView(scalars[..<count]))), next: scalars[count])
        }
        let broken = GrammarExpression.repeated(.choice(begun.map(\.text)), min: 0, max: nil)
        let others = begun.map { begun in
            GrammarExpression.sequence([begun.text, .character(ScalarSet([first, begun.next]).inverted)])
        }
        let other = GrammarExpression.choice([
            .character(ScalarSet([first]).inverted), .sequence([broken, .choice(others)]),
        ])
        return GrammarDefinition(
            .sequence([.repeated(other, min: 0, max: nil), broken, .text(end)]))
    }

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
