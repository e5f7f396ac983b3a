package import Quantities

/// What placement maximises: the sum of its units' scores.
package protocol UnitObjective: Sendable {
    /// The models to place; units name them by position.
    var demands: [ModelDemand] { get }

    /// What a unit of these models would serve on a mesh; `nil` where they do not fit together.
    ///
    /// - Parameter models: Ascending positions in `demands`; not empty.
    func estimate(_ models: [Int], on mesh: MeshKind) -> UnitEstimate?

    /// How one model could run alone on a mesh; `nil` where it does not fit.
    func candidate(_ model: Int, on mesh: MeshKind) -> ParallelCandidate?
}

/// What a unit is expected to serve.
package struct UnitEstimate: Hashable, Sendable {
    /// The unit's part of the objective; the parts of all units add up.
    package var score: Double
    /// In the order in which the models were given.
    package var models: [ModelEstimate]

    package init(score: Double, models: [ModelEstimate]) {
        self.score = score
        self.models = models
    }
}

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
