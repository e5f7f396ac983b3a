/// What a model has done since it was loaded.
public struct ModelCounters: Sendable, Codable, Hashable {
    /// Requests that were admitted.
    public var requests = 0
    /// Requests that ended, by how: `stop`, `length`, `cancelled`, `failed`.
    public var finished: [String: Int] = [:]
    public var promptTokens = 0
    /// Tokens of prompts whose pages were found in the prefix index.
    public var cachedTokens = 0
    public var generatedTokens = 0
    public var preemptions = 0
    /// Pages held, integrated over time: what fairness is measured by (MuxServe, section 3.3).
    public var pageSeconds = 0.0

    public init() {}
}
