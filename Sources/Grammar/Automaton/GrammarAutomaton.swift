import Synchronization

/// The automaton that all texts of one grammar share; when it has grown too large, a new one takes its place.
final class GrammarAutomaton: Sendable {
    private let program: GrammarProgram
    private let budget: Int
    private let current: Mutex<Part>

    /// One automaton between its beginning and its being full. Texts keep the one that they are in.
    final class Part: Sendable {
        let tables: Mutex<AutomatonTables>

        init(_ program: GrammarProgram, budget: Int) {
            tables = Mutex(AutomatonTables(program, budget: budget))
        }
    }

    init(_ program: GrammarProgram, budget: Int) {
        self.program = program
        self.budget = budget
        current = Mutex(Part(program, budget: budget))
    }

    /// The part in which new texts begin.
    var part: Part { replacing(nil) }

    /// A part that is not full: the current one, or a new one in its place.
    func replacing(_ full: Part?) -> Part {
        current.withLock { part in
            if part === full || part.tables.withLock({ $0.isFull }) {
                part = Part(program, budget: budget)
            }
            return part
        }
    }
}
