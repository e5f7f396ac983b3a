import Compute
import KVCache
import Kernels
import Scheduling
import Tokenization
import Transformer
import Workloads

/// The models of one device and all their sequences: executes what the scheduler decides, one forward pass after another.
///
/// Every rule is in `UnitScheduler`; here is only the hand that carries out its actions.
actor Unit {
    private let pool: KVPool
    private let kernels: KernelSet
    private let lane: any Lane
    private let thread: LaneThread
    private let maxRequests: Int
    private let start = ContinuousClock.now

    private var scheduler: UnitScheduler
    private var models: [ModelID: UnitModel] = [:]
    private var generations: [RequestID: Generation] = [:]
    private var nextRequest: UInt64 = 0
    /// Launched jobs that wait for the lane.
    private var pending: [Job] = []
    private var isWorking = false
    /// How much of each slot's block table the device has, and whose it is.
    private var shown: [Int: (sequence: SequenceID, pages: Int)] = [:]
    private var failure: String?

    /// - Throws: `ComputeError` when the device cannot hold the pool.
    init(_ configuration: ServeConfiguration, sequences: Int, pagesPerSequence: Int, device: any Device) throws {
        let pages = configuration.poolMegabytes << 20 / KVShape.defaultPageBytes
        pool = try KVPool(
            pageCount: pages, sequences: sequences, pagesPerSequence: min(pages, pagesPerSequence), on: device)
        kernels = try KernelSet(device: device)
        lane = try device.makeLane(label: "unit")
        thread = LaneThread(name: "weft lane")
        maxRequests = configuration.maxRequests
        scheduler = UnitScheduler(pages: pages, policy: configuration.policy.policy, overload: Share(2))
    }

    /// Loads a model's weights, compiles its kernels, and runs each once; requests for it are welcome afterwards.
    func load(
        _ configuration: ModelConfiguration, _ file: ModelFile, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> ServedModel {
        var options = LlamaModel.Options()
        options.contextLength = configuration.context
        options.kvType = configuration.kvType
        options.maxRows = configuration.chunk + configuration.maxSequences
        options.maxLogitRows = configuration.maxSequences
        let (pool, kernels, lane, chosen) = (pool, UncheckedKernels(kernels), lane, options)
        let llama = try await thread.run {
            let llama = try LlamaModel(
                file.gguf, options: chosen, pool: pool, kernels: kernels.value, progress: progress)
            try llama.warmUp(on: lane)
            return llama
        }
        let served = ServedModel(
            name: configuration.name, created: file.created, contextLength: llama.contextLength,
            tokenizer: file.tokenizer, chatTemplate: file.chatTemplate)
        let id = try scheduler.load(ModelSettings(configuration, shape: llama.kvShape))
        models[id] = UnitModel(id: id, llama: llama, served: served)
        return served
    }

    // MARK: Requests

    func generate(
        _ request: GenerationRequest
    ) throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        if let failure { throw .unitFailed(model: request.model, reason: failure) }
        guard let model = models.values.first(where: { $0.served.name == request.model }) else {
            throw .modelNotFound(request.model)
        }
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
        perform(
            scheduler.arrived(
                Arrival(
                    request: id, model: model.id, promptTokens: request.prompt.count, maxTokens: limit,
                    prompt: request.prompt), at: now))
        return stream
    }

    private func cancel(_ id: RequestID) {
        guard generations[id] != nil else { return }
        perform(scheduler.cancelled(id, at: now))
    }

    /// Whether new requests are taken: not after the device failed.
    var isHealthy: Bool { failure == nil }

    /// Pages that sequences hold, and pages there are.
    var pageUse: (held: Int, total: Int) {
        let usage = scheduler.state.kv.usage
        return (usage.held, usage.total)
    }

    // MARK: Actions

    private var now: Seconds { start.duration(to: .now) / .seconds(1) }

    private func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .launch(let job): pending.append(job)
            case .preempt, .unloaded: break
            case .finish(let id, .completed): generations.removeValue(forKey: id)?.finish()
            case .finish(let id, .cancelled): generations.removeValue(forKey: id)?.cancel()
            case .fail(let id, let reason): fail(id, reason)
            }
        }
        if !isWorking, !pending.isEmpty {
            isWorking = true
            Task { await work() }
        }
    }

    private func fail(_ id: RequestID, _ reason: SequenceFailure) {
        guard let generation = generations.removeValue(forKey: id) else { return }
        let name = models[generation.model]?.served.name ?? ""
        switch reason {
        case .poolTooSmall(let needed, let pages):
            generation.fail(.poolTooSmall(model: name, pagesNeeded: needed, pages: pages))
        case .modelUnloaded: generation.fail(.unavailable("model '\(name)' was unloaded"))
        }
    }

    // MARK: Work

    private func work() async {
        while let step = nextStep() {
            do {
                let lane = lane
                finish(step, try await thread.run { try step.run(on: lane) })
            } catch {
                breakDown("\(error)")
            }
        }
        isWorking = false
    }

    /// The oldest pending job, and what else waits for the same model: prompts and decode steps share one pass.
    private func nextStep() -> Step? {
        guard let first = pending.first, let model = models[first.model] else { return nil }
        let jobs = pending.filter { $0.model == first.model }
        pending.removeAll { $0.model == first.model }
        var step = Step(jobs, model: model.llama)
        for part in jobs.flatMap(\.sequences) {
            guard let generation = generations[part.request] else { continue }
            show(part)
            step.add(part, of: generation)
            // What precedes the first range came from the prefix index.
            if generation.cachedTokens == nil { generations[part.request]?.cachedTokens = part.tokens.lowerBound }
        }
        return step
    }

    /// Brings the device's copy of a sequence's block table up to date.
    private func show(_ part: JobSequence) {
        let slot = Int(part.pages.index)
        let table = scheduler.state.kv.table(of: part.pages)
        let first = shown[slot].flatMap { $0.sequence == part.pages ? $0.pages : nil } ?? 0
        if first < table.pages.count { pool.update(slot: slot, table: table, from: first) }
        shown[slot] = (part.pages, table.pages.count)
    }

    private func finish(_ step: Step, _ drawn: [Step.Drawn]) {
        var ended: Set<RequestID> = []
        var tokens: [RequestID: TokenID] = [:]
        for draw in drawn {
            tokens[draw.request] = draw.token
            generations[draw.request]?.sampler = draw.sampler
            if generations[draw.request]?.append(draw.token, logprob: draw.logprob) == true {
                ended.insert(draw.request)
            }
        }
        for job in step.jobs {
            let own = job.sequences.filter(\.drawsToken).compactMap { tokens[$0.request] }
            perform(scheduler.jobFinished(job.id, JobOutcome(tokens: own, ended: ended), at: now))
        }
    }

    /// The device failed: whoever waits is told, and nothing new is taken.
    private func breakDown(_ reason: String) {
        failure = reason
        pending = []
        for generation in generations.values {
            generation.fail(.unitFailed(model: models[generation.model]?.served.name ?? "", reason: reason))
        }
        generations = [:]
    }
}

/// Carries the kernels to the lane's thread; only one load runs at a time.
private struct UncheckedKernels: @unchecked Sendable {
    let value: KernelSet

    init(_ value: KernelSet) { self.value = value }
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
