package import KVCache
package import Quantities

/// First come, first served, over all models and without quotas: one prefill at a time, of the oldest request that
/// waits; decodes by the oldest sequence of each model, up to the first that lacks share.
///
/// Source: MuxServe's `fcfs`.
package struct FirstComePolicy: BatchPolicy {
    package let quotaRule = QuotaRule.none
    package let mayOverload = true

    package mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        guard unit.startOverdueDecodes(patience: defaultPatience, after: nil, at: now) else { return }
        if unit.prefillJobs == 0, let model = unit.modelWithFirstToPrefill(),
            unit.startPrefill(model, at: now) == .needsShare
        {
            return
        }
        for model in unit.modelsByFirstToDecode() where unit.startDecode(model, at: now) == .needsShare { return }
    }
}
