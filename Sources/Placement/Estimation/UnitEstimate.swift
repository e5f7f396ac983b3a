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
