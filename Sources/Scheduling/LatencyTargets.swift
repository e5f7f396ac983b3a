public import Workloads

/// The latencies that a model's requests should have, where somebody wants any.
public struct LatencyTargets: Hashable, Sendable, Codable {
    /// From arrival to the first token.
    public var timeToFirstToken: Seconds?
    public var timePerOutputToken: Seconds?

    public init(timeToFirstToken: Seconds? = nil, timePerOutputToken: Seconds? = nil) {
        self.timeToFirstToken = timeToFirstToken
        self.timePerOutputToken = timePerOutputToken
    }
}
