package import Quantities

/// What a model is expected to serve in its unit.
package struct ModelEstimate: Hashable, Sendable, Codable {
    /// Sequences decoded together in steady state.
    package var batch: Int
    /// Requests per second.
    package var throughput: Double
    package var shares: PhaseShares

    package init(batch: Int, throughput: Double, shares: PhaseShares) {
        self.batch = batch
        self.throughput = throughput
        self.shares = shares
    }
}
