package import KVCache
package import Quantities

/// A fixed share and a fixed quota a model, nothing lent: as if each model had a smaller device to itself, with one job
/// at a time, prefill before decode.
package struct SpatialPolicy: BatchPolicy {
    package let quotaRule = QuotaRule.fixed
    package let mayOverload = false

    private var turn: ModelID?
    /// Prefill jobs since the last decode job, by model.
    private var prefills: [ModelID: Int] = [:]

    package mutating func decide(_ unit: inout UnitState, at now: Seconds) {
        let models = unit.modelsInTurn(after: turn)
        for model in models {
            guard unit[model].prefillJob == nil, unit[model].decodeJob == nil else { continue }
            let share = unit[model].settings.fixedShare ?? PolicyName.equalShare(of: models.count)
            if start(model, share, on: &unit, at: now) { turn = model }
        }
    }

    private mutating func start(_ model: ModelID, _ share: Share, on unit: inout UnitState, at now: Seconds) -> Bool {
        let isDecodeOverdue = prefills[model, default: 0] >= defaultPatience
        if !isDecodeOverdue, unit.startPrefill(model, share: share, at: now) == .started {
            prefills[model, default: 0] += 1
            return true
        }
        prefills[model] = 0
        if unit.startDecode(model, share: share, at: now) == .started { return true }
        return isDecodeOverdue && unit.startPrefill(model, share: share, at: now) == .started
    }
}
