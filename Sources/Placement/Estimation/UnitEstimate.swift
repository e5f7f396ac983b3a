/// What a unit is expected to serve.
public struct UnitEstimate: Hashable, Sendable {
    /// The unit's part of the objective; the parts of all units add up.
    public var score: Double
    /// In the order in which the models were given.
    public var models: [ModelEstimate]

    public init(score: Double, models: [ModelEstimate]) {
        self.score = score
        self.models = models
    }
}
