public import Placement
public import Scheduling

/// The lanes of a device as Weft's engine has them: a job waits for a part of the device that suits its share, and what
/// waits there for the same model goes with it in one pass.
public struct EngineLanes: Hashable, Sendable {
    package var plan: LanePlan
    /// How passes side by side slow each other, by model.
    package var contention: [String: PhaseContention]
    /// How passes on lanes that overlap slow each other, by model.
    package var overlap: [String: LaneOverlap]
    /// What serving adds to passes, by model.
    package var serving: [String: ServingCost]

    /// - Parameter shares: of each of the unit's models.
    public init(_ device: ProfiledDevice, policy: PolicyName, shares: [PhaseShares]) {
        plan = LanePlan(grain: device.units, shares: policy.jobShares(of: shares))
        contention = device.contention
        overlap = device.overlap
        serving = device.serving
    }
}
