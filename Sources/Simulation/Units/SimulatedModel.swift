public import Placement
public import Scheduling

/// A model of a simulated unit.
public struct SimulatedModel: Sendable {
    public var name: String
    public var profile: ModelProfile
    public var settings: ModelSettings
    /// Its times on the unit's devices.
    public var cost: ModelCost

    public init(name: String, profile: ModelProfile, settings: ModelSettings, cost: ModelCost) {
        self.name = name
        self.profile = profile
        self.settings = settings
        self.cost = cost
    }
}
