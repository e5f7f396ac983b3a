package import Grammar
import Synchronization

/// What a client asks a text to be.
package enum GrammarSource: Hashable, Sendable {
    case jsonObject
    case jsonSchema(String)
    case regex(String)
    case choices([String])
    case gbnf(String)

    package func compiled() throws(GrammarError) -> Grammar {
        switch self {
        case .jsonObject: try Grammar(.jsonObject())
        case .jsonSchema(let schema): try Grammar(jsonSchema: schema)
        case .regex(let pattern): try Grammar(regex: pattern)
        case .choices(let choices): try Grammar(choices: choices)
        case .gbnf(let source): try Grammar(gbnf: source)
        }
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
