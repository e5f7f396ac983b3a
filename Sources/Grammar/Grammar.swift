/// A compiled grammar: which texts may be generated. Cheap to copy; all copies share what is learned of its states.
///
/// Compiling takes time and memory in proportion to the source, which is limited, however it is written.
package struct Grammar: Sendable {
    let automaton: GrammarAutomaton

    /// - Parameter budget: of what is learned of states, in numbers of 4 bytes, before it is forgotten; for tests.
    /// - Throws: `GrammarError` for a rule that is not defined, left recursion, what no text satisfies, and what is too
    ///   large.
    package init(_ definition: GrammarDefinition, budget: Int? = nil) throws(GrammarError) {
        automaton = GrammarAutomaton(
            try ProgramBuilder.program(definition.start, definition.rules), budget: budget ?? AutomatonTables.budget)
    }

    /// All of the text must match `pattern`: see `GrammarDefinition.regex`.
    package init(regex pattern: String) throws(GrammarError) { self = try Grammar(.regex(pattern)) }

    /// The text must be one of `choices`.
    package init(choices: [String]) throws(GrammarError) { self = try Grammar(.choice(choices.map { .text($0) })) }

    /// llama.cpp's notation: see `GrammarDefinition.gbnf`.
    package init(gbnf source: String) throws(GrammarError) { self = try Grammar(.gbnf(source)) }

    /// JSON of a schema: see `GrammarDefinition.jsonSchema`.
    package init(jsonSchema schema: String, whitespace: JSONWhitespace = .flexible) throws(GrammarError) {
        self = try Grammar(.jsonSchema(schema, whitespace: whitespace))
    }
}
