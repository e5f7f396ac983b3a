package import KVCache
package import Quantities

/// Models in turn, without quotas; prefills first, as many as fit. The first that lacks share is next, and what is free
/// is held back for it.
///
/// Source: MuxServe's `roundrobin`.
package struct RoundRobinPolicy: BatchPolicy {
    package let quotaRule = QuotaRule.none
    package let mayOverload = true
    /// How often prefill jobs may start before a decode that is ready.
    package var patience: Int

    private var prefillTurn: ModelID?
    private var decodeTurn: ModelID?

    package init(patience: Int = defaultPatience) {
        self.patience = patience
    }

    package mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        guard unit.startOverdueDecodes(patience: patience, after: decodeTurn, at: now) else { return }
        for model in unit.modelsInTurn(after: prefillTurn) {
            let outcome = unit.startPrefill(model, at: now)
            if outcome == .needsShare { return }
            if outcome == .started { prefillTurn = model }
        }
        for model in unit.modelsInTurn(after: decodeTurn) where unit.startDecode(model, at: now) == .started {
            decodeTurn = model
        }
    }
}
