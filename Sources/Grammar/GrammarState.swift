import Synchronization

/// A text under a grammar, as far as it has come: what may follow it, and whether it may end. A value; copies are two
/// numbers.
///
/// ```swift
/// var state = GrammarState(try Grammar(regex: "[0-9]{2}"))
/// state.accept("4".utf8)    // true; not complete
/// state.accept("2".utf8)    // true; complete, and finished
/// ```
package struct GrammarState: Sendable {
    private let automaton: GrammarAutomaton
    private var part: GrammarAutomaton.Part
    private var state: AutomatonTables.State
    /// Whether the text may end here.
    package private(set) var isComplete: Bool
    /// Whether some byte may follow.
    private var continues: Bool

    /// - Parameter afterSpace: whether the text may begin with a space that is not its own, as in some vocabularies.
    package init(_ grammar: Grammar, afterSpace: Bool = false) {
        automaton = grammar.automaton
        part = automaton.part
        (state, isComplete, continues) = part.tables.withLock { tables in
            let state = tables.start(afterSpace: afterSpace)
            return (state, tables.isComplete(state), tables.continues(state))
        }
    }

    /// Whether the text can only end here.
    package var isFinished: Bool { isComplete && !continues }

    /// Goes on with `bytes`; where the grammar does not allow them, nothing changes.
    ///
    /// - Returns: whether they are allowed.
    /// - Complexity: O(bytes) where texts have been before; else by the grammar's ambiguity.
    @discardableResult
    package mutating func accept(_ bytes: some Sequence<UInt8>) -> Bool {
        moveOut()
        let found = part.tables.withLock {
            tables -> (state: AutomatonTables.State, isComplete: Bool, continues: Bool)? in
            var next = state
            for byte in bytes {
                next = tables.next(next, byte)
                guard next != AutomatonTables.dead else { return nil }
            }
            return (next, tables.isComplete(next), tables.continues(next))
        }
        guard let found else { return false }
        (state, isComplete, continues) = found
        return true
    }

    /// The tokens that may come next: of the ends of text, those and only those if the text may end here.
    ///
    /// - Complexity: O(1) where it is known; else O(nodes of the trie that are reached).
    package mutating func allowedTokens(in trie: TokenTrie) -> TokenMask {
        moveOut()
        var mask = part.tables.withLock { $0.mask(state, trie) }
        if isComplete { for token in trie.endTokens { mask.insert(token) } }
        return mask
    }

    /// Out of an automaton that is full, into the one that took its place.
    private mutating func moveOut() {
        let full: AutomatonTables.Description? = part.tables.withLock { $0.isFull ? $0.description(of: state) : nil }
        guard let full else { return }
        part = automaton.replacing(part)
        state = part.tables.withLock { $0.adopt(full, completes: isComplete) }
    }
}
