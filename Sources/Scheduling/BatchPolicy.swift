public import KVCache
public import Workloads

/// The rule that picks a unit's next jobs.
///
/// A policy starts jobs through `UnitState.startPrefill` and `startDecode`, which see to pages and preemption and say
/// what stands in the way. It keeps no clock and nothing that could not be copied.
public protocol BatchPolicy: Sendable {
    /// What quotas mean under this policy.
    var quotaRule: QuotaRule { get }
    /// Whether jobs may take more than the device together, by the unit's overload.
    var mayOverload: Bool { get }

    /// Starts the jobs that should start now.
    ///
    /// While no job is at work it must try every model that could make progress, so that no unit stands still.
    /// - Complexity: O(models + launched sequences).
    mutating func decide(_ unit: inout UnitState, at now: Seconds)
}
