import KVCache
package import Placement
package import Quantities
package import Scheduling
package import Workloads

/// Simulates one unit: the engine's own `UnitScheduler` decides, a modelled device takes its time.
///
/// Events are arrivals and ends of passes. Passes side by side slow each other; whenever one starts or ends, the rest
/// of the others is stretched anew. Nothing is random.
package struct UnitSimulator {
    /// What happened at a time, in order; for those that compare a simulation with something else.
    package enum Event: Hashable, Sendable {
        /// Of the request at this place.
        case arrived(Int, at: Seconds)
        case started(Pass, at: Seconds)
        case finished(LaneID, at: Seconds)
    }

    private let models: [SimulatedModel]
    /// Of the models that take requests, in the order of the models.
    private var identities: [ModelID?]
    /// Of the models, those that drain too.
    private var places: [ModelID: Int] = [:]
    /// Of the models, by name.
    private let positions: [String: Int]
    private let device: any DeviceModel
    private let observe: (Event) -> Void
    private var scheduler: UnitScheduler
    private var running: [RunningPass] = []
    private var now: Seconds = 0
    /// Those that have not arrived yet, by arrival.
    private var coming: [Request] = []
    private var nextToCome = 0
    /// Of each request, in the order in which they were received. Those that the pool can never hold have no finish.
    package private(set) var records: [RequestRecord] = []
    /// The places of the records that have a finish, in the order of these.
    package private(set) var finished: [Int] = []

    /// - Parameter loaded: The models that are there at first; all where absent.
    /// - Throws: `KVError` where a model's pages do not fit the pool.
    package init(
        _ unit: SimulatedUnit, loaded: Set<String>? = nil, policy: any BatchPolicy,
        observing observe: @escaping (Event) -> Void = { _ in }
    ) throws(KVError) {
        let unit = try unit.bundled()
        models = unit.models
        positions = Dictionary(uniqueKeysWithValues: unit.models.enumerated().map { ($1.name, $0) })
        device = unit.device
        self.observe = observe
        scheduler = UnitScheduler(
            pages: unit.pages, pageBytes: unit.pageBytes, policy: policy, overload: unit.overload,
            lanes: unit.device.lanes)
        identities = models.map { _ in nil }
        for model in unit.models where loaded?.contains(model.name) ?? true { try load(model.name) }
    }

    /// Serves requests to the end.
    ///
    /// - Parameter requests: By arrival. Their models must be the unit's.
    /// - Returns: A record for each request, in the same order. Those that the pool can never hold have no finish.
    /// - Complexity: O(sequences of all passes), and the policy's for each event.
    package mutating func run(_ requests: [Request]) -> [RequestRecord] {
        for request in requests { receive(request) }
        run(until: .infinity)
        return records
    }

    /// Has a request come when it arrives, or now if that is past.
    ///
    /// - Parameter request: Arrives no earlier than those before it.
    package mutating func receive(_ request: Request) {
        coming.append(request)
        records.append(
            RequestRecord(
                model: request.model, arrival: request.arrival, promptTokens: request.promptTokens, outputTokens: 0,
                firstToken: nil, finish: nil,
                unloadedLatency: positions[request.model].map {
                    device.unloadedLatency(
                        promptTokens: request.promptTokens, outputTokens: request.outputTokens, models[$0])
                }))
    }

    /// Lets time pass, and all happen that does until then.
    package mutating func run(until end: Seconds) {
        while true {
            let soonest = running.indices.min { running[$0].next(from: now) < running[$1].next(from: now) }
            let event = soonest.map { running[$0].next(from: now) } ?? .infinity
            if nextToCome < coming.count, coming[nextToCome].arrival <= min(event, end) {
                advance(to: max(now, coming[nextToCome].arrival))
                arrive(coming[nextToCome], nextToCome)
                nextToCome += 1
            } else if let soonest, event <= end {
                advance(to: event)
                self.end(soonest)
            } else {
                if end.isFinite { advance(to: max(now, end)) }
                return
            }
        }
    }

    // MARK: Models

    /// Takes up a model of the unit, whose weights are there now.
    ///
    /// - Throws: `KVError` where its pages do not fit the pool.
    package mutating func load(_ name: String) throws(KVError) {
        guard let place = positions[name], identities[place] == nil else { return }
        let identity = try scheduler.load(models[place].settings)
        identities[place] = identity
        places[identity] = place
    }

    /// Takes no more requests for a model; those that it has go on to their end.
    package mutating func drain(_ name: String) {
        guard let place = positions[name], let identity = identities[place] else { return }
        identities[place] = nil
        perform(scheduler.drain(identity, at: now))
    }

    /// Schedules a model otherwise from now on.
    package mutating func adjust(_ planned: PlannedModel) {
        guard let place = positions[planned.name], let identity = identities[place] else { return }
        var settings = models[place].settings
        (settings.weight, settings.shares) = (planned.rate, planned.shares)
        settings.maxSequences = planned.maxSequences
        perform(scheduler.adjust(identity, to: settings, at: now))
    }

    // MARK: Events

    private mutating func advance(to time: Seconds) {
        for index in running.indices { running[index].advance(by: time - now) }
        now = time
    }

    private mutating func arrive(_ request: Request, _ number: Int) {
        guard let place = positions[request.model], let model = identities[place] else { return }
        observe(.arrived(number, at: now))
        perform(
            scheduler.arrived(
                Arrival(
                    request: RequestID(UInt64(number)), model: model, promptTokens: request.promptTokens,
                    maxTokens: request.outputTokens), at: now))
    }

    /// A pass leaves the device, and ends unless something is left to do for it.
    private mutating func end(_ position: Int) {
        if running[position].isOnDevice, running[position].serving > 0 {
            running[position].isOnDevice = false
            return stretch()
        }
        let pass = running.remove(at: position).pass
        observe(.finished(pass.lane, at: now))
        countTokens(of: pass)
        stretch()
        perform(scheduler.passFinished(pass.lane, at: now))
    }

    private mutating func countTokens(of pass: Pass) {
        let time = now + device.delay(of: model(pass.model))
        for row in pass.rows where row.drawsToken {
            let number = Int(row.request.number)
            records[number].outputTokens += 1
            if records[number].firstToken == nil { records[number].firstToken = time }
        }
    }

    private mutating func perform(_ actions: [Action]) {
        var hasStarted = false
        for action in actions {
            switch action {
            case .run(let pass):
                hasStarted = true
                observe(.started(pass, at: now))
                let model = model(pass.model)
                running.append(RunningPass(pass, model, device.time(of: pass, model)))
            case .preempt(let request): records[Int(request.number)].preemptions += 1
            case .end(let request, let end): finish(Int(request.number), end)
            case .drained(let model): places[model] = nil
            }
        }
        if hasStarted { stretch() }
    }

    private mutating func finish(_ number: Int, _ end: SequenceEnd) {
        guard end == .length, let model = positions[records[number].model] else { return }
        records[number].finish = now + device.delay(of: models[model])
        finished.append(number)
    }

    private func model(_ identity: ModelID) -> SimulatedModel {
        guard let place = places[identity] else { preconditionFailure("a pass of a model that is not loaded") }
        return models[place]
    }

    /// Sets how much the passes on the device slow each other.
    private mutating func stretch() {
        let atWork = running.indices.filter { running[$0].isOnDevice }
        for (index, slowdown) in zip(atWork, device.slowdowns(of: atWork.map { running[$0] })) {
            running[index].slowdown = slowdown
        }
    }
}
