/// A span of time, or a point in time as counted from the start of a run.
package typealias Seconds = Double

/// The number of a token in its model's vocabulary.
package typealias TokenID = Int32

/// The two kinds of work that a model has.
package enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
    /// Computes keys and values of many known tokens.
    case prefill
    /// Computes one token of each sequence and draws the next.
    case decode
}
