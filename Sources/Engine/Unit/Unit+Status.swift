import Compute
import KVCache
import Scheduling
import Transformer

extension Unit {
    func status(device: String) -> EngineStatus {
        countPages()
        let usage = scheduler.state.kv.usage
        return EngineStatus(
            device: device, policy: policy, partitioning: lanes.partitioning?.rawValue,
            pool: .init(
                pages: usage.total, pageBytes: pool.pageBytes, held: usage.held, cached: usage.cached, free: usage.free),
            lanes: lanes.status,
            models: models.values.sorted { $0.id.index < $1.id.index }.compactMap { status(of: $0) },
            failure: failure)
    }

    private func status(of model: UnitModel) -> EngineStatus.Model? {
        guard let usage = scheduler.state.kv.usage(of: model.id), let state = scheduler.state[model.id] else {
            return nil
        }
        return EngineStatus.Model(
            name: model.served.name, isPinned: model.isPinned, weightBytes: model.weightBytes, quota: usage.quota,
            held: usage.held, cached: usage.cached, borrowed: usage.borrowed, fragmentation: usage.fragmentation,
            waiting: state.waitingCount, running: state.prefillingCount + state.runningCount,
            counters: counters[model.id] ?? ModelCounters())
    }

    /// Adds what each model has held since the last count. To be called before pages change hands.
    func countPages() {
        let now = now
        for id in models.keys {
            let held = scheduler.state.kv.usage(of: id)?.held ?? 0
            counters[id, default: ModelCounters()].pageSeconds += Double(held) * (now - countedAt)
        }
        countedAt = now
    }
}
