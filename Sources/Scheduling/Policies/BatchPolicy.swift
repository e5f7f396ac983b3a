package import KVCache
package import Quantities

/// The rule that picks a unit's next jobs.
///
/// A policy starts jobs through `UnitState.startPrefill` and `startDecode`, which see to pages and preemption and say
/// what stands in the way. It keeps no clock and nothing that could not be copied.
package protocol BatchPolicy: Sendable {
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

/// How often prefill jobs may start before a decode that is ready, unless a policy is told otherwise. Chosen: with
/// chunks of 256 tokens a stream pauses for eight chunks at most; below four, prompts wait for decodes that gain
/// little.
package let defaultPatience = 8

/// The policies by their names in configurations.
package enum PolicyName: String, Hashable, Sendable, Codable, CaseIterable {
    case adbs
    case roundRobin = "round-robin"
    case fcfs
    case temporal
    case spatial

    /// A fresh policy with the options that the engine uses.
    package var policy: any BatchPolicy {
        switch self {
        case .adbs: AdaptiveBatchPolicy(widensLoneDecodes: true)
        case .roundRobin: RoundRobinPolicy()
        case .fcfs: FirstComePolicy()
        case .temporal: TemporalPolicy()
        case .spatial: SpatialPolicy()
        }
    }

    /// The shares of the jobs that it will start for models with such shares.
    package func jobShares(of models: [PhaseShares]) -> [Share] {
        switch self {
        case .temporal: [.whole]
        case .spatial: [Self.equalShare(of: models.count)]
        case .adbs, .roundRobin, .fcfs: models.flatMap { [$0.prefill, $0.decode] }
        }
    }

    /// What `spatial` gives each of so many models that have no share of their own.
    static func equalShare(of models: Int) -> Share { Share(max(1, Share.whole.tenths / max(1, models))) }
}
