public import KVCache
public import Workloads

/// A unit's decisions: events go in, actions come out.
///
/// The engine and the simulator drive this same value: they execute `launch` actions and report `jobFinished`. Whoever
/// drives it keeps the tokens of each request; the unit keeps queues, pages and shares.
public struct UnitScheduler: Sendable {
    public private(set) var state: UnitState
    private var policy: any BatchPolicy

    /// A unit without models.
    ///
    /// - Parameters:
    ///   - pages: The pages of the pool.
    ///   - overload: The share by which jobs may exceed the device together, where the policy permits it. MuxServe's
    ///     plans use two tenths.
    public init(
        pages: Int, pageBytes: Int = KVShape.defaultPageBytes, policy: any BatchPolicy, overload: Share = Share(0)
    ) {
        self.policy = policy
        state = UnitState(
            kv: KVManager(pages: pages, pageBytes: pageBytes, quotaRule: policy.quotaRule),
            capacity: Share.whole.tenths + (policy.mayOverload ? overload.tenths : 0))
    }

    /// Adds a model, whose weights are ready; all quotas are set anew.
    ///
    /// - Throws: `KVError` if the pool cannot serve its shape.
    public mutating func load(_ settings: ModelSettings) throws(KVError) -> ModelID {
        let model = try state.kv.add(settings.shape, weight: settings.weight)
        while state.models.count <= model.index { state.models.append(nil) }
        state.models[model.index] = ModelState(id: model, settings: settings)
        return model
    }

    /// Fails all requests of a model; `unloaded` follows when its last job is done.
    public mutating func unload(_ model: ModelID, at now: Seconds) -> [Action] {
        guard state[model]?.isLeaving == false else { return [] }
        state.models[model.index]?.isLeaving = true
        for number in state.sequences.indices where state.sequences[number].model == model.index {
            state.doom(number, .unloaded)
        }
        state.removeIfGone(model)
        return decide(at: now)
    }

    /// Queues a request.
    ///
    /// - Complexity: As `BatchPolicy.decide`.
    public mutating func arrived(_ arrival: Arrival, at now: Seconds) -> [Action] {
        state.enqueue(arrival, at: now)
        return decide(at: now)
    }

    /// Books a finished job and starts what can start now.
    ///
    /// - Complexity: O(sequences of the job), and as `BatchPolicy.decide`.
    public mutating func jobFinished(_ job: JobID, _ outcome: JobOutcome = JobOutcome(), at now: Seconds) -> [Action] {
        state.finish(job, outcome, at: now)
        return decide(at: now)
    }

    /// Ends a request; one in a job ends with that job. Unknown requests are ignored: they may just have finished.
    public mutating func cancelled(_ request: RequestID, at now: Seconds) -> [Action] {
        guard let number = state.numbers[request] else { return [] }
        state.doom(number, .cancelled)
        return decide(at: now)
    }

    /// Changes the weight by which a model's quota is meant.
    public mutating func setWeight(_ weight: Double, of model: ModelID) {
        state.kv.setWeight(weight, of: model)
    }

    /// Lets the policy decide. A decode may have preempted sequences that could go on now, after their prefill was
    /// refused; with no job at work nobody would ask again, so the policy is asked once more.
    private mutating func decide(at now: Seconds) -> [Action] {
        for _ in 0...state.requestCount {
            let revision = state.kv.revision
            policy.decide(&state, at: now)
            if !state.isIdle || state.kv.revision == revision { break }
        }
        defer { state.actions.removeAll(keepingCapacity: true) }
        return state.actions
    }
}
