public import KVCache
public import Workloads

/// A fixed share and a fixed quota a model, nothing lent: as if each model had a smaller device to itself, with one job
/// at a time, prefill before decode.
public struct SpatialPolicy: BatchPolicy {
    public let quotaRule = QuotaRule.fixed
    public let mayOverload = false
    /// How often prefill jobs of a model may start before its decode that is ready.
    public var patience: Int

    private var turn: ModelID?
    /// Prefill jobs since the last decode job, by model.
    private var prefills: [ModelID: Int] = [:]

    public init(patience: Int = 8) {
        self.patience = patience
    }

    public mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        let models = unit.modelsInTurn(after: turn)
        for model in models {
            guard let state = unit[model], state.prefillJob == nil, state.decodeJob == nil else { continue }
            let share = state.settings.fixedShare ?? Share(max(1, Share.whole.tenths / models.count))
            if start(model, share, on: &unit, at: now) { turn = model }
        }
    }

    private mutating func start(_ model: ModelID, _ share: Share, on unit: inout UnitState, at now: Seconds) -> Bool {
        let isDecodeOverdue = prefills[model, default: 0] >= patience
        if !isDecodeOverdue, unit.startPrefill(model, share: share, at: now) == .started {
            prefills[model, default: 0] += 1
            return true
        }
        prefills[model] = 0
        if unit.startDecode(model, share: share, at: now) == .started { return true }
        return isDecodeOverdue && unit.startPrefill(model, share: share, at: now) == .started
    }
}
