import KVCache
package import Quantities

/// A unit's decisions: events go in, actions come out.
///
/// The engine and the simulator drive this same value: they execute `run` actions and report `passFinished`. All that
/// is decided is decided here: which jobs start, which of them share a pass on which lane, whose pages go, how a
/// sequence ends, which models make room for another. Whoever drives it owns weights, memory and samplers, and nothing
/// else.
///
/// ```swift
/// var unit = UnitScheduler(pages: 1000, policy: PolicyName.adbs.policy, lanes: LaneSchedule(plan))
/// let model = try unit.load(settings)
/// for action in unit.arrived(Arrival(request: id, model: model, promptTokens: 9, maxTokens: 20), at: now) {
///     if case .run(let pass) = action { device.run(pass) }    // and then unit.passFinished(pass.lane, drawn, at: now)
/// }
/// ```
package struct UnitScheduler: Sendable {
    package private(set) var state: UnitState
    package let limits: ResidencyLimits
    private var policy: any BatchPolicy
    private var lanes: LaneSchedule

    /// A unit without models.
    ///
    /// - Parameters:
    ///   - pages: The pages of the pool.
    ///   - overload: The share by which jobs may exceed the device together, where the policy permits it.
    package init(
        pages: Int, pageBytes: Int = PageLayout.defaultPageBytes, policy: any BatchPolicy, overload: Share = Share(0),
        lanes: LaneSchedule = .unlimited, limits: ResidencyLimits = .none
    ) {
        self.policy = policy
        self.lanes = lanes
        self.limits = limits
        state = UnitState(
            kv: KVManager(pages: pages, pageBytes: pageBytes, quotaRule: policy.quotaRule),
            capacity: Share.whole.tenths + (policy.mayOverload ? overload.tenths : 0))
    }

    // MARK: Models

    /// Adds a model, whose weights are ready; all quotas are set anew.
    ///
    /// - Throws: `KVError` if the pool cannot serve its shape.
    package mutating func load(_ settings: ModelSettings) throws(KVError) -> ModelID {
        let model = try state.kv.add(settings.shape, weight: settings.weight, chunk: settings.longestChunk)
        state.models.insert(ModelState(id: model, settings: settings, lastUse: state.kv.now), for: model)
        return model
    }

    /// Takes no more requests for a model; `drained` follows when its last one has ended.
    package mutating func drain(_ model: ModelID, at now: Seconds) -> [Action] {
        event(at: now) { $0.drain(model) }
    }

    /// Fails all requests of a model; `drained` follows when its last job is done. A model that is gone is ignored: it
    /// may just have drained.
    package mutating func unload(_ model: ModelID, at now: Seconds) -> [Action] {
        guard state.existing(model) != nil else { return [] }
        return event(at: now) { state in
            for index in state.sequences.names where state.sequences[index].model == model {
                state.end(index, .failed(.modelUnloaded))
            }
            state.drain(model)
        }
    }

    /// Schedules a model otherwise from now on: quotas follow its weight at once; jobs at work keep what they have, and
    /// sequences beyond a lower limit go on, while none is added to them.
    ///
    /// - Parameter settings: of the same shape, and with chunks as before or none, as before.
    package mutating func adjust(_ model: ModelID, to settings: ModelSettings, at now: Seconds) -> [Action] {
        event(at: now) { $0.adjust(model, to: settings) }
    }

    // MARK: Events

    /// Queues a request.
    ///
    /// - Complexity: As `BatchPolicy.decide`.
    package mutating func arrived(_ arrival: Arrival, at now: Seconds) -> [Action] {
        event(at: now) { $0.enqueue(arrival) }
    }

    /// Ends a request; one in a job ends with that job. Unknown requests are ignored: they may just have finished.
    package mutating func cancelled(_ request: RequestID, at now: Seconds) -> [Action] {
        guard let index = state.byRequest[request] else { return [] }
        return event(at: now) { $0.end(index, .cancelled) }
    }

    /// Books the pass that has left a lane, and starts what can start now.
    ///
    /// Its jobs end one after the other, and the policy decides after each.
    ///
    /// - Parameter drawn: For each span that draws a token, in the pass's order; empty where nothing is known of them.
    /// - Complexity: O(sequences of the pass), and as `BatchPolicy.decide`.
    package mutating func passFinished(
        _ lane: LaneID, _ drawn: [DrawnToken] = [], at now: Seconds
    ) -> [Action] {
        var drawn = drawn[...]
        var actions: [Action] = []
        for job in lanes.finish(lane) {
            actions += event(at: now) { $0.finish(job, &drawn) }
        }
        precondition(drawn.isEmpty, "\(drawn.count) tokens were drawn that no sequence waits for")
        return actions
    }

    /// The device failed: nothing that is at work comes back. Afterwards the unit has no requests.
    ///
    /// A unit in its place goes on with `resumed`.
    package mutating func interrupted(at now: Seconds) -> Interruption {
        state.kv.advance(to: now)
        lanes.clear()
        return state.interrupt()
    }

    /// Queues what another unit was interrupted at, in this order; all of it is there before anything is decided.
    package mutating func resumed(_ arrivals: [Arrival], at now: Seconds) -> [Action] {
        event(at: now) { state in
            for arrival in arrivals { state.enqueue(arrival) }
        }
    }

    /// Lets time pass, so that `state` counts what has been held until now.
    package mutating func advance(to now: Seconds) { state.kv.advance(to: now) }

    /// The tokens of a request, prompt and output, as far as they are known.
    package func tokens(of row: RowSpan) -> ArraySlice<TokenID> {
        state.sequences[row.sequence].tokens[row.positions]
    }

    /// Everything that happens goes through here: time passes, the state changes, the policy decides, lanes take up
    /// work.
    ///
    /// A decode may have preempted sequences that could go on now, after their prefill was refused; with no job at work
    /// there would be no other event, so the policy is asked once more.
    private mutating func event(at now: Seconds, _ change: (inout UnitState) -> Void) -> [Action] {
        state.kv.advance(to: now)
        change(&state)
        for _ in 0...state.requestCount {
            let revision = state.kv.revision
            policy.decide(&state, at: now)
            if !state.isIdle || state.kv.revision == revision { break }
        }
        for job in state.launched { lanes.add(job) }
        state.launched.removeAll(keepingCapacity: true)
        while let (lane, jobs) = lanes.next() {
            state.actions.append(.run(Pass(lane: lane, jobs: jobs, tables: state.tableUpdates(for: jobs))))
        }
        defer { state.actions.removeAll(keepingCapacity: true) }
        return state.actions
    }
}
