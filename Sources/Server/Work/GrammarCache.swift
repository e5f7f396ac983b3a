package import Chat
package import Grammar
import Jinja
import OrderedCollections
import Synchronization

/// What a client asks a text to be.
package enum GrammarSource: Hashable, Sendable {
    case jsonObject
    case jsonSchema(String)
    case regex(String)
    case choices([String])
    case gbnf(String)
    /// Calls of tools, as a model writes them.
    case calls(ForcedText)
    /// Anything first, up to and with a text: where reasoning ends.
    indirect case behind(String, GrammarSource)

    package func compiled() throws(GrammarError) -> Grammar { try Grammar(definition) }

    private var definition: GrammarDefinition {
        get throws(GrammarError) {
            switch self {
            case .jsonObject: .jsonObject()
            case .jsonSchema(let schema): try .jsonSchema(schema)
            case .regex(let pattern): try .regex(pattern)
            case .choices(let choices): .choice(choices.map { .text($0) })
            case .gbnf(let source): try .gbnf(source)
            case .calls(let text): try GrammarDefinition(text)
            case .behind(let end, let source): .sequence([.anything(upTo: end), try source.definition])
            }
        }
    }
}

extension GrammarDefinition {
    fileprivate init(_ forced: ForcedText) throws(GrammarError) {
        switch forced {
        case .text(let text): self = .text(text)
        case .json(let schema):
            guard let text = schema.closed.json() else { throw GrammarError("the schema is no JSON") }
            self = try .jsonSchema(text)
        case .anything(let end): self = .anything(upTo: end)
        case .sequence(let parts): self = .sequence(try Self.definitions(parts))
        case .choice(let parts): self = .choice(try Self.definitions(parts))
        case .repeated(let part, let separator): self = .repeated(try GrammarDefinition(part), separator: separator)
        }
    }

    private static func definitions(_ parts: [ForcedText]) throws(GrammarError) -> [GrammarDefinition] {
        var definitions: [GrammarDefinition] = []
        for part in parts { definitions.append(try GrammarDefinition(part)) }
        return definitions
    }
}

extension Value {
    /// A schema of the properties that it names, and no others, unless it speaks of others: small models add to calls
    /// whatever comes to their mind.
    fileprivate var closed: Value {
        guard case .dictionary(var items) = self, items["additionalProperties"] == nil,
            case .dictionary(let properties)? = items["properties"], !properties.isEmpty
        else { return self }
        items["additionalProperties"] = .boolean(false)
        return .dictionary(items)
    }
}

/// Compiled grammars, of which those asked for last are kept: with them is kept what is known of their states.
package final class GrammarCache: Sendable {
    private struct State {
        var grammars: [GrammarSource: (grammar: Grammar, turn: Int)] = [:]
        var turn = 0
    }

    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: Chosen: as many kinds of answers as a server's clients want at a time. Each takes up to 20 MB
    ///   in use, most of them far less.
    package init(limit: Int = 32) { self.limit = limit }

    package var count: Int { state.withLock { $0.grammars.count } }

    /// The grammar of `source`, compiled unless it is there.
    package func grammar(_ source: GrammarSource) throws(GrammarError) -> Grammar {
        let known = state.withLock { state in
            state.turn += 1
            state.grammars[source]?.turn = state.turn
            return state.grammars[source]?.grammar
        }
        if let known { return known }
        let grammar = try source.compiled()
        state.withLock { state in
            state.grammars[source] = (grammar, state.turn)
            guard state.grammars.count > limit else { return }
            if let oldest = state.grammars.min(by: { $0.value.turn < $1.value.turn }) {
                state.grammars[oldest.key] = nil
            }
        }
        return grammar
    }
}
