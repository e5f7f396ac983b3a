package import Compute
import GGUF
import KVCache
package import Kernels
import Placement
package import Quantities
package import Scheduling
import Tokenization
import Transformer

/// The models of a device, or of a mesh of them, and all their sequences: executes what the scheduler decides, a pass
/// at a time on each lane.
///
/// Every rule is in `UnitScheduler`; here is only the hand that carries out its actions. A unit whose device fails
/// takes nothing more and is never used again: `UnitSupervisor` makes another.
package actor Unit {
    /// The world around a unit, for tests that compare it with the simulator.
    package struct Hooks: Sendable {
        /// Seconds since the unit's start.
        package var now: @Sendable () -> Seconds
        /// Called with each pass before it runs, in the order in which they were decided.
        package var willRun: @Sendable (Pass) -> Void
        /// Called with each pass when the device is done with it; the lane is taken until it returns.
        package var didRun: @Sendable (Pass) async -> Void
        /// Called with each pass when its lane is free again, and what follows from it has been decided.
        package var didEnd: @Sendable (Pass) -> Void

        package init(
            now: (@Sendable () -> Seconds)? = nil, willRun: @escaping @Sendable (Pass) -> Void = { _ in },
            didRun: @escaping @Sendable (Pass) async -> Void = { _ in },
            didEnd: @escaping @Sendable (Pass) -> Void = { _ in }
        ) {
            let start = ContinuousClock.now
            self.now = now ?? { start.duration(to: .now) / .seconds(1) }
            self.willRun = willRun
            self.didRun = didRun
            self.didEnd = didEnd
        }
    }

    /// What is told of a unit whose device failed.
    package struct Failure: Sendable {
        package var reason: String
        /// Whether passes may still be at work, for good.
        package var isHang: Bool
        /// Requests that can go on elsewhere, in the order in which they should.
        var interrupted: [Interrupted]

        /// Tells all clients that their requests broke off.
        package func endAll() {
            for request in interrupted { request.fail(reason) }
        }
    }

    nonisolated let name: String
    /// Of each device of the mesh, alike.
    nonisolated let pools: [KVPool]
    /// Into how many its models are cut.
    nonisolated let shards: Int
    nonisolated let policy: PolicyName
    /// Where model files are read.
    nonisolated let loader = LaneThread(name: "weft loader")
    /// Where kernels are compiled that models can do without at first.
    nonisolated let compiler = LaneThread(name: "weft compiler", yields: true)
    /// Where it is computed which tokens grammars allow, while lanes work.
    nonisolated let constraints = LaneThread(name: "weft grammar")
    private var maxRequests: Int
    private let hooks: Hooks
    private let recorder: PassRecorder?
    private let onFailure: @Sendable (Failure) async -> Void

    private(set) var lanes: UnitLanes
    private(set) var scheduler: UnitScheduler
    private(set) var models: [ModelID: UnitModel] = [:]
    private var works: [RequestID: Work] = [:]
    private var nextRequest: UInt64 = 0
    private var lanesAtWork: Set<LaneID> = []
    private var watch: PassWatch
    private var forecast = WaitForecast()
    /// Asleep until something would have taken too long; `nil` while nothing is at work.
    private var watchdog: Task<Void, Never>?
    /// How long interrupted requests wait for another unit.
    private let resumePatience: Duration
    private(set) var failure: String?
    private let started = SuspendingClock.now
    /// What ends a load for whoever waits for it, with the reason.
    private var loadsUnderWay: [Int: @Sendable (String) -> Void] = [:]
    private var nextLoad = 0
    /// Models that take no more requests, and those that wait for them to be gone.
    private var drains: [ModelID: (deadline: Task<Void, Never>?, waiting: [CheckedContinuation<Void, Never>])] = [:]
    private var waitingForRest: [CheckedContinuation<Void, Never>] = []
    private var waitingForReturn: [CheckedContinuation<Void, Never>] = []

    /// - Parameters:
    ///   - tunings: each device's shapes; none for the default shapes.
    ///   - recorder: told of passes, for those who watch.
    ///   - onFailure: called once, when the device has failed, with all that can go on elsewhere.
    /// - Throws: `ConfigurationError` when the pool does not fit on the device, `ComputeError` when that cannot be
    ///   divided as the shares need.
    package init(
        _ configuration: UnitConfiguration, sequences: Int, pagesPerSequence: Int, mesh: Mesh,
        tunings: [Tuning] = [], hooks: Hooks = Hooks(), recorder: PassRecorder? = nil,
        onFailure: @escaping @Sendable (Failure) async -> Void = { $0.endAll() }
    ) throws {
        name = configuration.name
        self.hooks = hooks
        self.recorder = recorder
        self.onFailure = onFailure
        let (budget, poolBytes) = (MemoryBudget(mesh), configuration.poolMegabytes << 20)
        try budget.check(pool: poolBytes)
        let shapes = tunings.isEmpty ? mesh.devices.map { _ in Tuning() } : tunings
        lanes = try UnitLanes(configuration.jobShares, on: mesh, shapes)
        let pages = poolBytes / PageLayout.defaultPageBytes
        shards = configuration.shards ?? mesh.devices.count
        pools = try lanes.devices.map { devices throws(ComputeError) in
            // Tables may be longer than the pool: those of windowed layers name pages over and over.
            try KVPool(
                pageCount: pages, sequences: sequences, pagesPerSequence: pagesPerSequence, on: devices)
        }
        maxRequests = configuration.maxRequests
        watch = PassWatch(least: configuration.watchdog)
        resumePatience = .seconds(configuration.resume)
        policy = configuration.policy
        let weightBytes =
            configuration.weightsMegabytes.map { $0 << 20 } ?? budget.weightBytes(besidePool: poolBytes)
        scheduler = UnitScheduler(
            pages: pages, policy: configuration.policy.policy, overload: .overload,
            lanes: LaneSchedule(lanes.plan), limits: ResidencyLimits(weightBytes: weightBytes, sequences: sequences))
    }

    /// Measures how well the lanes keep apart, before they have work.
    func measureIsolation() async throws {
        var measured = lanes
        try await measured.measureIsolation()
        lanes = measured
    }

    // MARK: Requests

    package func generate(
        _ request: GenerationRequest
    ) throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        let model = try welcoming(request.model)
        guard model.served.purpose == .generation else {
            throw .unsuitable(model: request.model, purpose: model.served.purpose)
        }
        guard request.prompt.isEmpty || request.prompt.count < model.served.contextLength else {
            throw .contextLengthExceeded(
                model: model.served.name, promptTokens: request.prompt.count, limit: model.served.contextLength)
        }
        let id = try admit(request.prompt, to: model)
        let room = model.served.contextLength - request.prompt.count
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: GenerationEvent.self)
        let departure = Departure()
        continuation.onTermination = { _ in departure.leave() }
        let generation = Generation(
            request, model: model, seed: .random(in: .min ... .max), at: now, place: place(in: model.id),
            departure: departure, continuation: continuation)
        queue(
            id, .generation(generation), request.prompt, maxTokens: min(request.maxTokens ?? room, room),
            of: request.sender)
        return stream
    }

    /// Reads a text. That it is read to its end is the end of its sequence.
    package func embed(_ request: EmbeddingRequest) async throws(EngineError) -> Embedding {
        let model = try welcoming(request.model)
        guard let pooling = model.network.pooling else {
            throw .unsuitable(model: request.model, purpose: model.served.purpose)
        }
        guard request.prompt.count <= model.served.contextLength else {
            throw .textTooLong(
                model: model.served.name, tokens: request.prompt.count, limit: model.served.contextLength)
        }
        let id = try admit(request.prompt, to: model)
        let departure = Departure()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let reading = Reading(
                    request, model: model.id, rows: pooling.rows, departure: departure, at: now,
                    continuation: continuation)
                queue(id, .reading(reading), request.prompt, maxTokens: 1, of: request.sender)
            }
        } onCancel: {
            departure.leave()
        }
        return try outcome.get()
    }

    /// The model, if it takes requests.
    private func welcoming(_ name: String) throws(EngineError) -> UnitModel {
        if let failure { throw .unitFailed(unit: self.name, model: name, reason: failure) }
        guard let model = models.values.first(where: { $0.served.name == name }) else { throw .modelNotFound(name) }
        guard !isDraining(model.id) else { throw .unavailable("model '\(name)' is being unloaded") }
        return model
    }

    /// The name of a request with such a prompt, if the model can have it now.
    private func admit(_ prompt: [TokenID], to model: UnitModel) throws(EngineError) -> RequestID {
        guard !prompt.isEmpty else { throw .emptyPrompt }
        let vocabulary = model.network.vocabularySize
        if let token = prompt.first(where: { !(0..<vocabulary).contains(Int($0)) }) {
            throw .tokenOutOfVocabulary(Int(token), vocabularySize: vocabulary)
        }
        if let (needed, most) = scheduler.state.kv.shortage(of: model.id, for: prompt.count + 1) {
            throw .poolTooSmall(model: model.served.name, pagesNeeded: needed, pages: most)
        }
        // Chosen: the least that can be said; there is a place as soon as any request ends.
        guard works.count < maxRequests else { throw .overloaded(retryAfter: 1) }
        if let limit = model.configuration.maxWait,
            let excess = forecast.excess(model.id, place: place(in: model.id), limit: limit)
        {
            throw .overloaded(retryAfter: Int(max(1, excess.rounded(.up))))
        }
        defer { nextRequest += 1 }
        return RequestID(nextRequest)
    }

    /// Requests of a model that have no first token yet.
    private func place(in model: ModelID) -> Int {
        scheduler.state.existing(model).map { $0.waitingCount + $0.prefillingCount } ?? 0
    }

    private func queue(_ id: RequestID, _ work: Work, _ prompt: [TokenID], maxTokens: Int, of sender: Sender) {
        take(work, as: id)
        models[work.model]?.counters.requests += 1
        models[work.model]?.counters.promptTokens += prompt.count
        var arrival = Arrival(
            request: id, model: work.model, promptTokens: prompt.count, maxTokens: maxTokens, prompt: prompt)
        arrival.sender = sender
        perform(scheduler.arrived(arrival, at: now))
    }

    private func take(_ work: Work, as id: RequestID) {
        works[id] = work
        work.departure.onLeave { [weak self] in
            guard let self else { return }
            Task { await self.cancel(id) }
        }
    }

    /// Goes on with requests at which another unit was interrupted, in this order.
    ///
    /// - Returns: all of them, where this unit has failed meanwhile.
    func resume(_ interrupted: [Interrupted]) -> [Interrupted] {
        guard failure == nil else { return interrupted }
        var arrivals: [Arrival] = []
        for request in interrupted {
            guard let model = serving.first(where: { $0.served.name == request.model }) else {
                request.fail("the model could not be loaded again")
                continue
            }
            let id = RequestID(nextRequest)
            nextRequest += 1
            var (work, arrival) = (request.work, request.arrival)
            work.resume(as: model.id)
            (arrival.request, arrival.model) = (id, model.id)
            take(work, as: id)
            models[model.id]?.counters.requests += 1
            models[model.id]?.counters.resumed += 1
            arrivals.append(arrival)
        }
        perform(scheduler.resumed(arrivals, at: now))
        return []
    }

    private func cancel(_ id: RequestID) {
        guard works[id] != nil else { return }
        perform(scheduler.cancelled(id, at: now))
    }

    // MARK: Actions

    private var now: Seconds { hooks.now() }

    private func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .run(let pass): run(pass)
            case .preempt(let id):
                if let model = works[id]?.model { models[model]?.counters.preemptions += 1 }
            case .end(let id, let end): self.end(id, end)
            case .drained(let model): forget(model)
            }
        }
    }

    private func end(_ id: RequestID, _ end: SequenceEnd) {
        guard let work = works.removeValue(forKey: id) else { return }
        models[work.model]?.counters.finished[end.name, default: 0] += 1
        if case .generation(let generation) = work {
            models[work.model]?.count { generation.count(endAt: now, in: &$0) }
        }
        work.end(end, model: models[work.model]?.served.name ?? "")
    }

    private func run(_ pass: Pass) {
        guard failure == nil else { return }
        guard let model = models[pass.model] else { preconditionFailure("a pass of a model that is not loaded") }
        var step = Step(pass, model: model.networks[pass.lane.index], vocabulary: model.vocabulary)
        for update in pass.tables {
            for pool in pools { pool.update(slot: update.table.index, update.pages, from: update.first) }
        }
        for row in pass.rows {
            guard let work = works[row.request] else { preconditionFailure("a pass of an ended request") }
            step.add(row, scheduler.tokens(of: row), of: work)
            models[pass.model]?.counters.cachedTokens += works[row.request]?.begin(at: row.positions.lowerBound) ?? 0
            if case .generation(var generation)? = works[row.request], !generation.isBegun {
                models[pass.model]?.count { generation.count(begunAt: now, in: &$0) }
                works[row.request] = .generation(generation)
            } else if case .reading(var reading)? = works[row.request], reading.begun == nil {
                reading.begun = now
                works[row.request] = .reading(reading)
            }
        }
        let rowCount = pass.rows.reduce(0) { $0 + $1.positions.count }
        models[pass.model]?.count { $0.passTokens.add(Double(rowCount)) }
        hooks.willRun(pass)
        lanesAtWork.insert(pass.lane)
        watch.begin(pass.lane, pass.model, tokens: rowCount, at: uptime)
        keepWatch()
        let (lane, ready) = (lanes[pass.lane], step)
        Task { await work(ready, on: lane) }
    }

    private func work(_ step: Step, on lane: UnitLane) async {
        let start = now
        recorder?.begin(
            step.pass, unit: name, lane: lane.name, model: models[step.pass.model]?.served.name ?? "")
        let result = await Result { [constraints] in try await step.run(on: lane, constraints: constraints) }
        recorder?.end(unit: name, lane: lane.name)
        watch.end(lane.id, at: uptime)
        await hooks.didRun(step.pass)
        lanesAtWork.remove(lane.id)
        lanes.count(lane.id, seconds: now - start)
        switch result {
        case .success(let outcome): if failure == nil { finish(step, outcome) }
        case .failure(let error): breakDown("\(error)")
        }
        if lanesAtWork.isEmpty {
            resumeAtRest()
            for waiting in waitingForReturn { waiting.resume() }
            waitingForReturn = []
        }
        hooks.didEnd(step.pass)
    }

    private func finish(_ step: Step, _ outcome: Step.Outcome) {
        models[step.pass.model]?.counters.generatedTokens += outcome.drawn.count
        let drawn = outcome.drawn.map(take) + outcome.read.compactMap(take)
        perform(scheduler.passFinished(step.pass.lane, drawn, at: now))
    }

    private func take(_ draw: Step.Drawn) -> DrawnToken {
        // Taken out, as what is in two places is copied when it changes.
        guard case .generation(var generation)? = works.removeValue(forKey: draw.request) else {
            return DrawnToken(draw.token)
        }
        generation.sampler = draw.sampler
        if let wait = generation.wait(at: now) {
            forecast.learn(generation.model, place: generation.place, seconds: wait)
        }
        models[generation.model]?.count { generation.count(tokenAt: now, in: &$0) }
        let stops = generation.append(draw.token, logprob: draw.logprob, isLast: draw.isLast)
        works[draw.request] = .generation(generation)
        return DrawnToken(draw.token, stops: stops)
    }

    /// What stands for the token of a text that was read to its end; `nil` where more of it is to come.
    private func take(_ read: Step.Read) -> DrawnToken? {
        if case .reading(var reading) = works[read.request] {
            (reading.rows, reading.vector, reading.ended) = (read.rows, read.vector, now)
            works[read.request] = .reading(reading)
        }
        return read.isWhole ? DrawnToken(stops: true) : nil
    }

    // MARK: Models

    /// Takes up a model whose networks are ready.
    ///
    /// - Throws: `KVError`.
    func add(_ model: (ModelID) -> UnitModel, _ settings: ModelSettings) throws(KVError) {
        let id = try scheduler.load(settings)
        models[id] = model(id)
    }

    /// Unloads idle models until the weights of one more fit.
    ///
    /// - Throws: `ResidencyError`, and then nothing has changed.
    func makeRoom(for settings: ModelSettings) throws(ResidencyError) {
        for victim in try scheduler.victims(for: settings) { perform(scheduler.unload(victim, at: now)) }
    }

    /// Unloads a model: it takes no more requests, those it has may end until `patience` is over, the rest break off.
    ///
    /// Returns when nothing of it is left, or the unit has failed and will be built without it.
    func unload(_ name: String, patience: Duration) async throws(EngineError) {
        guard let id = models.values.first(where: { $0.served.name == name })?.id else { throw .modelNotFound(name) }
        if drains[id] == nil {
            drains[id] = (nil, [])
            perform(scheduler.drain(id, at: now))
            guard models[id] != nil, failure == nil else { return }
            drains[id]?.deadline = Task { [weak self] in
                guard (try? await Task.sleep(for: patience)) != nil else { return }
                await self?.breakOff(id)
            }
        }
        guard models[id] != nil, failure == nil else { return }
        await withCheckedContinuation { drains[id]?.waiting.append($0) }
    }

    /// Schedules a model otherwise; it goes on as it is.
    ///
    /// - Parameter configuration: asks for nothing that the model would have to be loaded again for.
    func adjust(_ configuration: ModelConfiguration) throws(EngineError) {
        guard let model = serving.first(where: { $0.served.name == configuration.name }),
            let settings = scheduler.state.existing(model.id)?.settings
        else { throw .modelNotFound(configuration.name) }
        models[model.id]?.configuration = configuration
        perform(scheduler.adjust(model.id, to: settings.adjusted(to: configuration), at: now))
    }

    func setMaxRequests(_ count: Int) { maxRequests = count }

    /// Runs a part of a load of the model on the loader's thread, and gives it up where the device hangs: it may never
    /// come back.
    ///
    /// - Parameter body: does it, and calls what it is given with each step.
    /// - Throws: `EngineError.unitFailed` where the device hangs, and what `body` throws.
    func loading<Result: Sendable>(
        _ model: String, _ body: @escaping @Sendable (_ step: @escaping @Sendable () -> Void) throws -> Result
    ) async throws -> Result {
        if let failure { throw EngineError.unitFailed(unit: name, model: model, reason: failure) }
        let (results, inlet) = AsyncThrowingStream.makeStream(of: Result.self)
        watch.beginLoad(at: uptime)
        keepWatch()
        defer { watch.endLoad(at: uptime) }
        nextLoad += 1
        let number = nextLoad
        loadsUnderWay[number] = { [name] reason in
            inlet.finish(throwing: EngineError.unitFailed(unit: name, model: model, reason: reason))
        }
        defer { loadsUnderWay[number] = nil }
        Task { [loader] in
            do {
                inlet.yield(try await loader.run { try body { [weak self] in Task { await self?.stepLoad() } } })
            } catch { inlet.finish(throwing: error) }
        }
        for try await result in results { return result }
        throw CancellationError()
    }

    private func stepLoad() { watch.stepLoad(at: uptime) }

    /// The patience with a draining model is over; its task is cancelled when the model is gone before.
    private func breakOff(_ model: ModelID) {
        guard drains[model] != nil, failure == nil else { return }
        perform(scheduler.unload(model, at: now))
    }

    /// The scheduler has nothing of the model any more: its memory goes.
    private func forget(_ model: ModelID) {
        models[model] = nil
        watch.forget(model)
        forecast.forget(model)
        guard let drain = drains.removeValue(forKey: model) else { return }
        drain.deadline?.cancel()
        for waiting in drain.waiting { waiting.resume() }
    }

    func isDraining(_ model: ModelID) -> Bool { scheduler.state.existing(model)?.isDraining ?? true }

    // MARK: Failure

    /// The device failed: nothing new is taken, and all requests are handed over.
    private func breakDown(_ reason: String, isHang: Bool = false) {
        guard failure == nil else { return }
        failure = reason
        let interruption = scheduler.interrupted(at: now)
        perform(interruption.actions)
        let interrupted = interruption.requests.compactMap {
            handOver($0, wasAtWork: interruption.atWork.contains($0.request), reason)
        }
        precondition(works.isEmpty, "a request is lost")
        for model in drains.keys {
            drains[model]?.deadline?.cancel()
            for waiting in drains[model]?.waiting ?? [] { waiting.resume() }
            drains[model]?.waiting = []
        }
        if isHang { for end in loadsUnderWay.values { end(reason) } }
        // The task must not keep the unit, whose memory is to go before another one is made.
        let onFailure = onFailure
        let told = Failure(reason: reason, isHang: isHang, interrupted: interrupted)
        Task { await onFailure(told) }
    }

    /// A request as another unit can go on with it; `nil` where it is not to go on, and its client was told.
    private func handOver(_ arrival: Arrival, wasAtWork: Bool, _ reason: String) -> Interrupted? {
        guard var work = works.removeValue(forKey: arrival.request), let model = models[work.model] else {
            preconditionFailure("an unknown request is interrupted")
        }
        let mayResume = !wasAtWork || work.mayResume()
        let interrupted = Interrupted(
            work: work, arrival: arrival, unit: name, model: model.served.name, deadline: .now + resumePatience)
        guard mayResume, resumePatience > .zero else {
            interrupted.fail(reason)
            return nil
        }
        return interrupted
    }

    /// Seconds that the machine was awake: a pass does not hang while a lid is closed.
    private var uptime: Seconds { started.duration(to: .now) / .seconds(1) }

    /// Sees to it that somebody looks when something has taken too long.
    private func keepWatch() {
        guard watchdog == nil, watch.pause(at: uptime) != nil else { return }
        watchdog = Task { [weak self] in
            while let seconds = await self?.secondsToWatch() {
                try? await Task.sleep(for: .seconds(seconds), clock: .suspending)
            }
        }
    }

    /// Breaks down if something has taken too long.
    ///
    /// - Returns: when to look again; `nil` where nothing is at work.
    private func secondsToWatch() -> Double? {
        if let overdue = watch.overdue(at: uptime) { breakDown("the device hangs: \(overdue)", isHang: true) }
        let pause = failure == nil ? watch.pause(at: uptime) : nil
        if pause == nil { watchdog = nil }
        return pause
    }

    /// Returns when no lane of a failed unit is at work, if ever.
    func atReturn() async {
        guard !lanesAtWork.isEmpty else { return }
        await withCheckedContinuation { waitingForReturn.append($0) }
    }

    /// Returns when no lane of a failed unit is at work any more; a lane that hangs is given half a minute, longer than
    /// any watchdog of a driver takes.
    func atRest() async {
        guard !lanesAtWork.isEmpty else { return }
        Task {
            try? await Task.sleep(for: .seconds(30))
            resumeAtRest()
        }
        await withCheckedContinuation { waitingForRest.append($0) }
    }

    private func resumeAtRest() {
        for waiting in waitingForRest { waiting.resume() }
        waitingForRest = []
    }

    // MARK: Status

    /// Whether new requests are taken: not after the device failed.
    var isHealthy: Bool { failure == nil }

    /// The models that take requests, in the order in which they came.
    private var serving: [UnitModel] {
        models.values.filter { !isDraining($0.id) }.sorted { $0.id < $1.id }
    }

    var served: [ServedModel] { serving.map(\.served) }

    /// The models to have after the unit was built anew.
    var configurations: [ModelConfiguration] { serving.map(\.configuration) }

    /// The same, with what their memory is for.
    var loadedModels: [ReloadPlan.Loaded] {
        serving.map { ReloadPlan.Loaded(configuration: $0.configuration, memory: $0.loaded) }
    }

    /// What the unit has loaded, and how much it could have.
    var placement: UnitPlacement {
        UnitPlacement(
            name: name, poolBytes: pools[0].pageBytes * scheduler.state.kv.usage.total,
            weightLimit: scheduler.limits.weightBytes,
            models: serving.compactMap { model in
                guard let shape = scheduler.state.existing(model.id)?.settings.shape else { return nil }
                return UnitPlacement.Model(
                    configuration: model.configuration,
                    profile: ModelProfile(
                        model.network, costName: PartName.model(at: model.configuration.path), shape: shape,
                        weightBytes: model.weightBytes),
                    isFixed: model.isPinned || model.served.purpose != .generation)
            })
    }

    /// Pages that sequences hold, and pages there are.
    package var pageUse: (held: Int, total: Int) {
        let usage = scheduler.state.kv.usage
        return (usage.held, usage.total)
    }

    package func status(device: String) -> UnitStatus {
        scheduler.advance(to: now)
        let usage = scheduler.state.kv.usage
        return UnitStatus(
            name: name, device: device, policy: policy, partitioning: lanes.partitioning?.rawValue,
            pool: .init(
                pages: usage.total, pageBytes: pools[0].pageBytes, held: usage.held, cached: usage.cached,
                free: usage.free),
            lanes: lanes.status,
            models: models.values.sorted { $0.id < $1.id }.compactMap { status(of: $0) },
            failure: failure)
    }

    private func status(of model: UnitModel) -> UnitStatus.Model? {
        guard let usage = scheduler.state.kv.usage(of: model.id), let state = scheduler.state.existing(model.id) else {
            return nil
        }
        var counters = model.counters
        counters.pageSeconds = usage.pageSeconds
        return UnitStatus.Model(
            name: model.served.name, isPinned: model.isPinned, weightBytes: model.weightBytes, quota: usage.quota,
            held: usage.held, cached: usage.cached, borrowed: usage.borrowed, fragmentation: usage.fragmentation,
            waiting: state.waitingCount, running: state.prefillingCount + state.runningCount, counters: counters)
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
