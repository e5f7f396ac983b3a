package import KVCache
package import Quantities

/// Models in turn, without quotas; prefills first, as many as fit. The first that lacks share is next, and what is free
/// is held back for it.
///
/// Source: MuxServe's `roundrobin`.
package struct RoundRobinPolicy: BatchPolicy {
    package let quotaRule = QuotaRule.none
    package let mayOverload = true

    private var prefillTurn: ModelID?
    private var decodeTurn: ModelID?

    package mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        guard unit.startOverdueDecodes(patience: defaultPatience, after: decodeTurn, at: now) else { return }
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
