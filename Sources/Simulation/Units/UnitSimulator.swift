public import KVCache
import Placement
public import Scheduling
public import Workloads

/// Simulates one unit: the engine's own `UnitScheduler` decides, a modelled device takes its time.
///
/// Events are arrivals and ends of jobs. Jobs side by side slow each other; whenever one starts or ends, the rest of
/// the others is stretched anew. Nothing is random.
public struct UnitSimulator {
    private let models: [SimulatedModel]
    private let identities: [ModelID]
    /// Of the models, by name.
    private let positions: [String: Int]
    private let mesh: MeshKind
    private let lane: LaneModel
    private var scheduler: UnitScheduler
    private var running: [RunningJob] = []
    private var lanes: LaneQueue?
    private var now: Seconds = 0
    private var records: [RequestRecord] = []

    /// - Throws: `KVError` where a model's pages do not fit the pool.
    public init(_ unit: SimulatedUnit, policy: any BatchPolicy, lane: LaneModel) throws(KVError) {
        let unit = try unit.bundled()
        models = unit.models
        positions = Dictionary(uniqueKeysWithValues: unit.models.enumerated().map { ($1.name, $0) })
        mesh = unit.mesh
        self.lane = lane
        lanes = unit.lanes.map(LaneQueue.init)
        scheduler = UnitScheduler(
            pages: unit.pages, pageBytes: unit.pageBytes, policy: policy, overload: unit.overload)
        var identities: [ModelID] = []
        for model in unit.models { identities.append(try scheduler.load(model.settings)) }
        self.identities = identities
    }

    /// Serves requests to the end.
    ///
    /// - Parameter requests: By arrival. Their models must be the unit's.
    /// - Returns: A record for each request, in the same order. Those that the pool can never hold have no finish.
    /// - Complexity: O(sequences of all jobs), and the policy's for each event.
    public mutating func run(_ requests: [Request]) -> [RequestRecord] {
        records = requests.map { request in
            RequestRecord(
                model: request.model, arrival: request.arrival, promptTokens: request.promptTokens, outputTokens: 0,
                firstToken: nil, finish: nil,
                unloadedLatency: positions[request.model].map { unloadedLatency(of: request, models[$0]) })
        }
        var next = 0
        while true {
            let soonest = running.indices.min { running[$0].next(from: now) < running[$1].next(from: now) }
            let event = soonest.map { running[$0].next(from: now) } ?? .infinity
            if next < requests.count, requests[next].arrival <= event {
                let request = requests[next]
                advance(to: max(now, request.arrival))
                if let model = positions[request.model] {
                    let arrival = Arrival(
                        request: RequestID(UInt64(next)), model: identities[model],
                        promptTokens: request.promptTokens, maxTokens: request.outputTokens)
                    carryOut(scheduler.arrived(arrival, at: now))
                }
                next += 1
            } else if let soonest {
                advance(to: event)
                end(soonest)
            } else {
                return records
            }
        }
    }

    /// A pass leaves the device, and ends unless something is left to do for it.
    private mutating func end(_ position: Int) {
        if running[position].isOnDevice, running[position].serving > 0 {
            running[position].isOnDevice = false
            return stretch()
        }
        let pass = running.remove(at: position)
        pass.lane.map { lanes?.end($0) }
        for job in pass.jobs { book(job) }
        stretch()
        for job in pass.jobs { carryOut(scheduler.jobFinished(job.id, at: now)) }
        startPasses()
    }

    /// The latency of a request that has all devices of the unit to itself.
    private func unloadedLatency(of request: Request, _ model: SimulatedModel) -> Seconds {
        let prompt = Double(request.promptTokens)
        let steps = Double(request.outputTokens - 1)
        let prefill = model.cost.prefill.time(batch: 1, length: prompt, share: 1) / mesh.speed
        let decode = model.cost.decode.time(batch: 1, length: prompt + steps / 2, share: 1) / mesh.speed
        let serving = serving(model)
        let tokens = (serving.perPass + serving.perSequence) * (steps + 1)
        return prefill + lane.host.prefill(1) + (decode + lane.host.decode(1)) * steps + serving.perRequest + tokens
    }

    private func serving(_ model: SimulatedModel) -> ServingCost {
        lanes?.serving(of: model.profile.costName) ?? .none
    }

    private mutating func advance(to time: Seconds) {
        for index in running.indices { running[index].advance(by: time - now) }
        now = time
    }

    /// Notes the tokens that a job drew.
    private mutating func book(_ job: Job) {
        let time = now + serving(models[job.model.index]).perRequest
        for entry in job.sequences where entry.drawsToken {
            let number = Int(entry.request.number)
            records[number].outputTokens += 1
            if records[number].firstToken == nil { records[number].firstToken = time }
        }
    }

    private mutating func carryOut(_ actions: [Action]) {
        var hasLaunched = false
        for action in actions {
            switch action {
            case .launch(let job):
                if lanes != nil {
                    lanes?.wait(job)
                } else {
                    running.append(modelled(job))
                    hasLaunched = true
                }
            case .preempt(let request): records[Int(request.number)].preemptions += 1
            case .finish(let request, _): finish(Int(request.number))
            case .fail, .unloaded: break
            }
        }
        if hasLaunched { stretch() }
        startPasses()
    }

    private mutating func finish(_ number: Int) {
        let model = positions[records[number].model].map { models[$0] }
        records[number].finish = now + (model.map(serving)?.perRequest ?? 0)
    }

    /// Gives waiting jobs to idle lanes.
    private mutating func startPasses() {
        var hasStarted = false
        while let (jobs, lane, part) = lanes?.next() {
            running.append(pass(of: jobs, on: lane, part))
            hasStarted = true
        }
        if hasStarted { stretch() }
    }

    /// Jobs of one model in one pass, which reads the weights once.
    private func pass(of jobs: [Job], on lane: Int, _ part: Double) -> RunningJob {
        let single = jobs.map { modelled($0, share: part) }
        var pass = RunningJob(
            jobs: jobs, lane: lane, left: single.reduce(0) { $0 + $1.left },
            utilisation: single.reduce(.idle) { $0 + $1.utilisation })
        let model = models[jobs[0].model.index]
        if jobs.count > 1 {
            let cost = model.cost
            pass.left -= min(cost.prefill.fixedTime(share: part), cost.decode.fixedTime(share: part)) / mesh.speed
        }
        let draws = jobs.reduce(0) { $0 + $1.sequences.count(where: \.drawsToken) }
        pass.serving = serving(model).perPass + serving(model).perSequence * Double(draws)
        return pass
    }

    private func modelled(_ job: Job, share part: Double? = nil) -> RunningJob {
        let model = models[job.model.index]
        let count = Double(job.sequences.count)
        var newTokens = 0
        var cached = 0
        for entry in job.sequences {
            newTokens += entry.tokens.count
            cached += entry.tokens.lowerBound
        }
        let share = part ?? Double(job.share.tenths) / 10
        let time: Seconds
        let host: Seconds
        if job.phase == .decode {
            time = model.cost.decode.time(batch: count, length: Double(cached) / count, share: share)
            host = lane.host.decode(count)
        } else {
            time = model.cost.prefill.chunkTime(
                batch: count, length: Double(newTokens) / count, after: Double(cached) / count, share: share)
            host = lane.host.prefill(count)
        }
        let work = model.profile.work(
            newTokens: Double(newTokens), cachedTokens: Double(cached), readsCacheOf: Double(cached))
        let device = time / mesh.speed
        return RunningJob(
            jobs: [job], left: device + host,
            utilisation: Utilisation(
                bytes: work.bytes, flops: work.flops, time: device, devices: mesh.devices, peak: lane.peak))
    }

    /// Sets how much the jobs at work slow each other.
    private mutating func stretch() {
        if lanes == nil { running.stretch(by: lane.contention) } else { stretchOnLanes() }
    }

    /// On lanes a pass is slowed as measured: beside each pass on another part, and where lanes overlap.
    private mutating func stretchOnLanes() {
        guard let lanes else { return }
        let atWork = running.indices.filter { running[$0].isOnDevice }
        let busyPart = atWork.reduce(0) { $0 + (running[$1].lane.map(lanes.part) ?? 0) }
        for index in atWork {
            let own = running[index]
            let model = models[own.jobs[0].model.index].profile.costName
            running[index].slowdown = lanes.overlap(of: model)
                .slowdown(ofWhole: own.isOnWhole, busyPart: busyPart)
            for other in atWork where other != index && !own.isOnWhole && !running[other].isOnWhole {
                running[index].slowdown *= lanes.contention(of: model).slowdown(
                    ofPrefill: own.hasPrefill, besidePrefill: running[other].hasPrefill)
            }
        }
    }
}
