package import KVCache
package import Quantities

/// Adaptive batch scheduling: prefill first, in turn; decode fills whatever share is left.
///
/// At most one prefill job is at work. While one waits for share, or for pages that are its model's due, no decode
/// starts. Beyond the paper: with latency targets prefills go by deadline until they are late, and their chunks are
/// bounded; a decode passed over too often goes before the next prefill, so that no model starves; and a decode beside
/// which nothing could run may have the whole device.
///
/// Source: MuxServe, Algorithm 3.
package struct AdaptiveBatchPolicy: BatchPolicy {
    package let quotaRule = QuotaRule.lent
    package let mayOverload = true
    /// How often prefill jobs may start before a decode that is ready.
    private let patience: Int
    /// The time between adaptations of quotas. Chosen: some requests come and go within it, and a quota needs ten steps
    /// from one end to the other.
    private let adaptationPeriod: Seconds = 8
    /// Whether a decode step has the whole device when nothing else is at work or could start.
    private let widensLoneDecodes: Bool

    private var prefillTurn: ModelID?
    private var decodeTurn: ModelID?
    private var nextAdaptation: Seconds?

    package init(patience: Int = defaultPatience, widensLoneDecodes: Bool = false) {
        self.patience = patience
        self.widensLoneDecodes = widensLoneDecodes
    }

    package mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        adaptQuotas(of: &unit, at: now)
        guard unit.startOverdueDecodes(patience: patience, after: decodeTurn, at: now) else { return }
        if unit.prefillJobs == 0, startPrefill(on: &unit, at: now) { return }
        let share = widensLoneDecodes && unit.isIdle && unit.modelsToDecode == 1 ? Share.whole : nil
        for model in unit.modelsInTurn(after: decodeTurn)
        where unit.startDecode(model, share: share, at: now) == .started {
            decodeTurn = model
        }
    }

    /// Starts the next prefill that can; `true` if one must wait and what it waits for is to be held back.
    private mutating func startPrefill(on unit: inout UnitState, at now: Seconds) -> Bool {
        for model in unit.modelsByDeadline(after: prefillTurn, at: now) ?? unit.modelsInTurn(after: prefillTurn)
        where unit[model].canPrefill {
            switch unit.startPrefill(model, tokens: unit.chunkBound(for: model), at: now) {
            case .started:
                prefillTurn = model
                return false
            case .needsShare: return true
            case .needsPages: if !unit.isIdle { return true }
            case .idle, .exceedsQuota: break
            }
        }
        return false
    }

    private mutating func adaptQuotas(of unit: inout UnitState, at now: Seconds) {
        let due = nextAdaptation ?? now + adaptationPeriod
        if now >= due { unit.kv.adaptQuotas() }
        nextAdaptation = now >= due ? now + adaptationPeriod : due
    }
}
