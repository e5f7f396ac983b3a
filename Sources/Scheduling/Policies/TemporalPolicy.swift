package import KVCache
package import Quantities

/// Time slices: one job at a time has the whole device. The oldest request that waits is prefilled first; else the
/// model with the oldest sequence decodes. Models behind it may wait for long.
///
/// Source: MuxServe's temporal baseline, `fcfs` with shares of [100, 90].
package struct TemporalPolicy: BatchPolicy {
    package let quotaRule = QuotaRule.none
    package let mayOverload = false

    package mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        guard unit.isIdle else { return }
        if let model = unit.modelWithFirstToPrefill(),
            unit.startPrefill(model, share: .whole, at: now) == .started
        {
            return
        }
        for model in unit.modelsByFirstToDecode()
        where unit.startDecode(model, share: .whole, at: now) == .started { return }
    }
}
