import Compute
import KVCache
import Scheduling
import Tokenization
import Transformer
import Workloads

/// The models of one device and all their sequences: executes what the scheduler decides, a pass at a time on each
/// lane.
///
/// Every rule is in `UnitScheduler`; here is only the hand that carries out its actions.
actor Unit {
    let pool: KVPool
    /// Where model files are read.
    let loader = LaneThread(name: "weft loader")
    /// Where kernels are compiled that models can do without at first.
    let compiler = LaneThread(name: "weft compiler")
    private let maxRequests: Int
    private let start = ContinuousClock.now

    var lanes: UnitLanes
    var scheduler: UnitScheduler
    var models: [ModelID: UnitModel] = [:]
    var generations: [RequestID: Generation] = [:]
    private var nextRequest: UInt64 = 0
    /// Launched jobs that wait for a lane.
    var pending: [Job] = []
    /// How much of each slot's block table the device has, and whose it is.
    var shown: [Int: (sequence: SequenceID, pages: Int)] = [:]
    private(set) var failure: String?
    private let onFailure: @Sendable (String) async -> Void
    var counters: [ModelID: ModelCounters] = [:]
    /// When held pages were last counted.
    var countedAt: Seconds = 0
    /// Models that take no more requests and will be unloaded.
    var leaving: [ModelID: [CheckedContinuation<Void, Never>]] = [:]
    let policy: PolicyName
    /// Bytes of weights that may be loaded.
    let weightBudget: Int

    /// - Parameter onFailure: called once, when the device has failed, with the reason.
    /// - Throws: `ComputeError` when the device cannot be divided as the shares need, or cannot hold the pool.
    init(
        _ configuration: ServeConfiguration, sequences: Int, pagesPerSequence: Int, device: any Device,
        onFailure: @escaping @Sendable (String) async -> Void
    ) throws {
        self.onFailure = onFailure
        lanes = try UnitLanes(configuration.jobShares, on: device)
        let pages = configuration.poolMegabytes << 20 / KVShape.defaultPageBytes
        pool = try KVPool(
            pageCount: pages, sequences: sequences, pagesPerSequence: min(pages, pagesPerSequence),
            on: lanes.devices)
        maxRequests = configuration.maxRequests
        policy = configuration.policy
        weightBudget =
            configuration.weightsMegabytes.map { $0 << 20 }
            ?? max(0, device.description.memoryByteCount - configuration.poolMegabytes << 20)
        scheduler = UnitScheduler(pages: pages, policy: configuration.policy.policy, overload: Share(2))
    }

    /// Measures how well the lanes keep apart, before they have work.
    func measureIsolation() async throws {
        var measured = lanes
        try await measured.measureIsolation()
        lanes = measured
    }

    // MARK: Requests

    func generate(
        _ request: GenerationRequest
    ) throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        if let failure { throw .unitFailed(model: request.model, reason: failure) }
        guard let model = models.values.first(where: { $0.served.name == request.model }) else {
            throw .modelNotFound(request.model)
        }
        guard leaving[model.id] == nil else { throw .unavailable("model '\(request.model)' is being unloaded") }
        try model.check(request, pool: pool)
        guard generations.count < maxRequests else { throw .overloaded(retryAfter: 1) }
        let id = RequestID(nextRequest)
        nextRequest += 1
        let room = model.served.contextLength - request.prompt.count
        let limit = min(request.maxTokens ?? room, room)
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: GenerationEvent.self)
        continuation.onTermination = { [weak self] _ in
            guard let self else { return }
            Task { await self.cancel(id) }
        }
        generations[id] = Generation(
            request, model: model, limit: limit, seed: .random(in: .min ... .max), continuation: continuation)
        models[model.id]?.lastUse = now
        counters[model.id]?.requests += 1
        counters[model.id]?.promptTokens += request.prompt.count
        countPages()
        perform(
            scheduler.arrived(
                Arrival(
                    request: id, model: model.id, promptTokens: request.prompt.count, maxTokens: limit,
                    prompt: request.prompt), at: now))
        return stream
    }

    private func cancel(_ id: RequestID) {
        guard generations[id] != nil else { return }
        countPages()
        perform(scheduler.cancelled(id, at: now))
    }

    /// Whether new requests are taken: not after the device failed.
    var isHealthy: Bool { failure == nil }

    var served: [ServedModel] {
        models.values.filter { leaving[$0.id] == nil }.sorted { $0.id.index < $1.id.index }.map(\.served)
    }

    /// Pages that sequences hold, and pages there are.
    var pageUse: (held: Int, total: Int) {
        let usage = scheduler.state.kv.usage
        return (usage.held, usage.total)
    }

    // MARK: Actions

    var now: Seconds { start.duration(to: .now) / .seconds(1) }

    func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .launch(let job): pending.append(job)
            case .preempt(let id): if let model = generations[id]?.model { counters[model]?.preemptions += 1 }
            case .unloaded(let model): forget(model)
            case .finish(let id, .completed): end(id) { $0.finish() }
            case .finish(let id, .cancelled): end(id) { $0.cancel() }
            case .fail(let id, let reason): fail(id, reason)
            }
        }
        startWork()
    }

    private func end(_ id: RequestID, _ tell: (Generation) -> String) {
        guard let generation = generations.removeValue(forKey: id) else { return }
        counters[generation.model]?.finished[tell(generation), default: 0] += 1
    }

    private func fail(_ id: RequestID, _ reason: SequenceFailure) {
        guard let generation = generations.removeValue(forKey: id) else { return }
        counters[generation.model]?.finished["failed", default: 0] += 1
        let name = models[generation.model]?.served.name ?? ""
        switch reason {
        case .poolTooSmall(let needed, let pages):
            generation.fail(.poolTooSmall(model: name, pagesNeeded: needed, pages: pages))
        case .modelUnloaded: generation.fail(.unavailable("model '\(name)' was unloaded"))
        }
    }

    /// The device failed: whoever waits is told, and nothing new is taken.
    func breakDown(_ reason: String) {
        guard failure == nil else { return }
        failure = reason
        pending = []
        for generation in generations.values {
            generation.fail(.unitFailed(model: models[generation.model]?.served.name ?? "", reason: reason))
        }
        generations = [:]
        for waiting in leaving.values.joined() { waiting.resume() }
        for model in leaving.keys { leaving[model] = [] }
        Task { await onFailure(reason) }
    }

    /// Returns when no lane of a failed unit is at work any more; a lane that hangs is not waited for for ever.
    func stopped() async {
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while !lanes.areIdle, ContinuousClock.now < deadline { try? await Task.sleep(for: .milliseconds(5)) }
    }
}

extension UnitModel {
    fileprivate func check(_ request: GenerationRequest, pool: KVPool) throws(EngineError) {
        guard !request.prompt.isEmpty else { throw .emptyPrompt }
        if let token = request.prompt.first(where: { !(0..<llama.configuration.vocabularySize).contains(Int($0)) }) {
            throw .tokenOutOfVocabulary(Int(token), vocabularySize: llama.configuration.vocabularySize)
        }
        guard request.prompt.count < served.contextLength else {
            throw .contextLengthExceeded(
                model: served.name, promptTokens: request.prompt.count, limit: served.contextLength)
        }
        let needed = llama.kvShape.pages(for: request.prompt.count + 1)
        guard needed <= pool.pageCount else {
            throw .poolTooSmall(model: served.name, pagesNeeded: needed, pages: pool.pageCount)
        }
    }
}
