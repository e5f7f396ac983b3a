/// What becomes of a text's last rows in a model that reads it, where others go on with it: a vector or a score.
package struct Pooling: Sendable, Hashable {
    /// The rows that count.
    package enum Rows: Sendable, Hashable {
        case mean
        case first
        case last
    }

    /// A product of the pooled row, with its bias where the file has one.
    package struct Layer: Sendable, Hashable {
        /// Of its tensor, without `.weight`.
        package var name: String
        /// Numbers that it gives.
        package var width: Int
        /// Whether each of them becomes its hyperbolic tangent.
        package var isBent = false
    }

    package enum Result: Sendable, Hashable {
        /// A vector of length one.
        case vector
        /// The first number: how well the second of two texts answers the first.
        case score
        /// The same as a share of all numbers, by their softmax.
        case share
    }

    package var rows: Rows
    /// One after the other behind the pooled row.
    package var layers: [Layer] = []
    package var result = Result.vector

    /// Numbers that a text becomes, where rows have `embeddingLength`.
    package func width(_ embeddingLength: Int) -> Int {
        result == .vector ? layers.last?.width ?? embeddingLength : 1
    }
}

/// A text's last rows as far as they were computed, pooled; passes may bring them in pieces.
package struct PooledRows: Sendable {
    private let rows: Pooling.Rows
    private var sum: [Double] = []
    private var count = 0

    package init(_ rows: Pooling.Rows) { self.rows = rows }

    /// Which rows of a piece are wanted, for `add`.
    ///
    /// - Parameters:
    ///   - beginsText: whether the piece's first row is the text's; what was added before is then forgotten.
    ///   - endsText: whether its last row is the text's.
    package mutating func wanted(beginsText: Bool, endsText: Bool) -> Batch.Logits {
        if beginsText { (sum, count) = ([], 0) }
        switch rows {
        case .mean: return .ofAll
        case .first: return beginsText ? .ofFirst : .none
        case .last: return endsText ? .ofLast : .none
        }
    }

    package mutating func add(_ row: Span<Float>) {
        if sum.isEmpty { sum = [Double](repeating: 0, count: row.count) }
        for index in row.indices { sum[index] += Double(row[index]) }
        count += 1
    }

    /// The rows' mean, which of one row is the row.
    var mean: [Double] { sum.map { $0 / Double(max(1, count)) } }
}
