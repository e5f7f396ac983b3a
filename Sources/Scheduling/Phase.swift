/// The two kinds of work that a model has.
public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
    /// Computes keys and values of many known tokens.
    case prefill
    /// Computes one token of each sequence and draws the next.
    case decode
}
