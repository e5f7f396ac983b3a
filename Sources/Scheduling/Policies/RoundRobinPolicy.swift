public import KVCache
public import Workloads

/// Models in turn, without quotas; prefills first, as many as fit. The first that lacks share is next, and what is free
/// is held back for it.
///
/// Source: MuxServe's `roundrobin`.
public struct RoundRobinPolicy: BatchPolicy {
    public let quotaRule = QuotaRule.none
    public let mayOverload = true
    /// How often prefill jobs may start before a decode that is ready.
    public var patience: Int

    private var prefillTurn: ModelID?
    private var decodeTurn: ModelID?

    public init(patience: Int = 8) {
        self.patience = patience
    }

    public mutating func decide(_ unit: inout UnitState, at now: Seconds) {
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
