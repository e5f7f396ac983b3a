import KVCache
import Placement
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
    private let identities: [ModelID]
    /// Of the models, by name.
    private let positions: [String: Int]
    private let device: any DeviceModel
    private let observe: (Event) -> Void
    private var scheduler: UnitScheduler
    private var running: [RunningPass] = []
    private var now: Seconds = 0
    private var records: [RequestRecord] = []

    /// - Throws: `KVError` where a model's pages do not fit the pool.
    package init(
        _ unit: SimulatedUnit, policy: any BatchPolicy, observing observe: @escaping (Event) -> Void = { _ in }
    ) throws(KVError) {
        let unit = try unit.bundled()
        models = unit.models
        positions = Dictionary(uniqueKeysWithValues: unit.models.enumerated().map { ($1.name, $0) })
        device = unit.device
        self.observe = observe
        scheduler = UnitScheduler(
            pages: unit.pages, pageBytes: unit.pageBytes, policy: policy, overload: unit.overload,
            lanes: unit.device.lanes)
        var identities: [ModelID] = []
        for model in unit.models { identities.append(try scheduler.load(model.settings)) }
        self.identities = identities
    }

    /// Serves requests to the end.
    ///
    /// - Parameter requests: By arrival. Their models must be the unit's.
    /// - Returns: A record for each request, in the same order. Those that the pool can never hold have no finish.
    /// - Complexity: O(sequences of all passes), and the policy's for each event.
    package mutating func run(_ requests: [Request]) -> [RequestRecord] {
        records = requests.map { request in
            RequestRecord(
                model: request.model, arrival: request.arrival, promptTokens: request.promptTokens, outputTokens: 0,
                firstToken: nil, finish: nil,
                unloadedLatency: positions[request.model].map {
                    device.unloadedLatency(
                        promptTokens: request.promptTokens, outputTokens: request.outputTokens, models[$0])
                })
        }
        var next = 0
        while true {
            let soonest = running.indices.min { running[$0].next(from: now) < running[$1].next(from: now) }
            let event = soonest.map { running[$0].next(from: now) } ?? .infinity
            if next < requests.count, requests[next].arrival <= event {
                advance(to: max(now, requests[next].arrival))
                arrive(requests[next], next)
                next += 1
            } else if let soonest {
                advance(to: event)
                end(soonest)
            } else {
                return records
            }
        }
    }

    private mutating func advance(to time: Seconds) {
        for index in running.indices { running[index].advance(by: time - now) }
        now = time
    }

    private mutating func arrive(_ request: Request, _ number: Int) {
        guard let model = positions[request.model] else { return }
        observe(.arrived(number, at: now))
        perform(
            scheduler.arrived(
                Arrival(
                    request: RequestID(UInt64(number)), model: identities[model], promptTokens: request.promptTokens,
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
        let time = now + device.delay(of: models[pass.model.index])
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
                let model = models[pass.model.index]
                running.append(RunningPass(pass, model, device.time(of: pass, model)))
            case .preempt(let request): records[Int(request.number)].preemptions += 1
            case .end(let request, let end): finish(Int(request.number), end)
            case .drained: break
            }
        }
        if hasStarted { stretch() }
    }

    private mutating func finish(_ number: Int, _ end: SequenceEnd) {
        guard end == .length, let model = positions[records[number].model] else { return }
        records[number].finish = now + device.delay(of: models[model])
    }

    /// Sets how much the passes on the device slow each other.
    private mutating func stretch() {
        let atWork = running.indices.filter { running[$0].isOnDevice }
        for (index, slowdown) in zip(atWork, device.slowdowns(of: atWork.map { running[$0] })) {
            running[index].slowdown = slowdown
        }
    }
}
