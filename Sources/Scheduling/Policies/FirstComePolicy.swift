public import KVCache
public import Workloads

/// First come, first served, over all models and without quotas: one prefill at a time, of the oldest request that
/// waits;
/// decodes by the oldest sequence of each model, up to the first that lacks share.
///
/// Source: MuxServe's `fcfs`.
public struct FirstComePolicy: BatchPolicy {
    public let quotaRule = QuotaRule.none
    public let mayOverload = true
    /// How often prefill jobs may start before a decode that is ready.
    public var patience: Int

    public init(patience: Int = 8) {
        self.patience = patience
    }

    public mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        guard unit.startOverdueDecodes(patience: patience, after: nil, at: now) else { return }
        if unit.prefillJobs == 0, let model = unit.modelWithOldestToPrefill(),
            unit.startPrefill(model, at: now) == .needsShare
        {
            return
        }
        for model in unit.modelsByOldestToDecode() where unit.startDecode(model, at: now) == .needsShare { return }
    }
}
