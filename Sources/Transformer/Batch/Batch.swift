/// The rows of one forward pass: pieces of prompts and single tokens of several sequences, in any order.
///
/// The rows of one sequence stand in ascending positions, and all before them are already in the pool.
package struct Batch: Sendable {
    package private(set) var tokens: [Int32] = []
    package private(set) var positions: [Int] = []
    /// The slot of each row's sequence in the pool's block tables.
    package private(set) var slots: [Int] = []
    /// The rows whose logits, or last rows themselves, are wanted, in the order in which they are given back.
    package private(set) var logitRows: [Int] = []
    /// What of the logits of each such row suffices to draw from; `nil` where all are read back.
    package private(set) var queries: [CandidateQuery?] = []
    /// Pieces of sequences, each of neighbouring rows.
    package private(set) var pieces = 0
    /// Tokens of the longest sequence, those of the batch among them.
    package private(set) var longest = 0

    /// Which rows of a piece become logits.
    package enum Logits: Sendable {
        case none
        case ofFirst
        case ofLast
        case ofAll
    }

    package init() {}

    package var rowCount: Int { tokens.count }

    /// Whether the row is the last of its piece.
    package func endsPiece(_ row: Int) -> Bool { row + 1 == rowCount || slots[row + 1] != slots[row] }

    /// Adds `tokens` of the sequence in `slot`, the first at `position`; with the logits of the last if wanted.
    package mutating func append(
        _ tokens: some Collection<Int32>, slot: Int, position: Int, wantsLogits: Bool, query: CandidateQuery? = nil
    ) {
        append(tokens, slot: slot, position: position, logits: wantsLogits ? .ofLast : .none, query: query)
    }

    /// Adds `tokens` of the sequence in `slot`, the first at `position`.
    /// - Parameter query: what suffices of logits, for models that `findsCandidates`.
    package mutating func append(
        _ tokens: some Collection<Int32>, slot: Int, position: Int, logits: Logits, query: CandidateQuery? = nil
    ) {
        precondition(!tokens.isEmpty, "no tokens")
        self.tokens += tokens
        pieces += 1
        longest = max(longest, position + tokens.count)
        positions += position..<position + tokens.count
        slots += repeatElement(slot, count: tokens.count)
        switch logits {
        case .none: break
        case .ofFirst: logitRows.append(rowCount - tokens.count)
        case .ofLast: logitRows.append(rowCount - 1)
        case .ofAll: logitRows += rowCount - tokens.count..<rowCount
        }
        queries += repeatElement(query, count: logitRows.count - queries.count)
    }

    /// The same with what suffices of the logits of all rows.
    package func asking(_ query: CandidateQuery?) -> Batch {
        var batch = self
        batch.queries = logitRows.map { _ in query }
        return batch
    }
}
