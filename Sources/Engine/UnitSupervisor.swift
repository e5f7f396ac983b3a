import Compute
import KVCache
import Kernels
import Logging
import Quantities
import Scheduling
import Transformer

/// Keeps one unit alive: loads it, changes its models, and builds it anew when its device fails, with the models that
/// it had. Requests that this interrupts go on where they were; new ones are refused meanwhile.
package actor UnitSupervisor {
    private enum State {
        case loading
        case serving(Service)
        /// The unit failed and is not back yet.
        case recovering(Recovery)
    }

    /// A unit that works.
    private struct Service {
        let unit: Unit
        let device: String
        /// How often the unit was built anew.
        var rebuilds = 0
        /// Models that a unit built anew had to leave out.
        var missing: [UnitStatus.Missing] = []
    }

    /// The way back of a unit that failed.
    private struct Recovery {
        /// How the unit stood when it failed, and how far its way back is.
        var status: UnitStatus
        /// What clients are still told of.
        var served: [ServedModel]
        /// What is to be loaded again; empty while a load or unload of the failed unit is under way.
        var models: [ModelConfiguration] = []

        init(_ status: UnitStatus, _ served: [ServedModel], reason: String) {
            self.status = status
            self.served = served
            self.status.failure = reason
            self.status.recovery = UnitStatus.Recovery()
        }

        /// The first tries are for all models; later ones leave out what cannot be loaded. A second try, as the first
        /// may come before the driver has cleaned up.
        var leavesOut: Bool { (status.recovery?.tries ?? 0) >= 2 }

        mutating func note(_ error: any Error) {
            status.recovery = UnitStatus.Recovery(tries: (status.recovery?.tries ?? 0) + 1, reason: "\(error)")
        }

        mutating func remove(_ name: String) -> Bool {
            guard models.contains(where: { $0.name == name }) else { return false }
            models.removeAll { $0.name == name }
            served.removeAll { $0.name == name }
            status.models.removeAll { $0.name == name }
            return true
        }
    }

    nonisolated let name: String
    private var configuration: UnitConfiguration
    private let modelFolder: String
    private let weightCache: WeightCache?
    private let tunings: TuningCache?
    private let logger: Logger
    private let recorder: PassRecorder
    private let openDevice: @Sendable () async throws -> Mesh
    private var state = State.loading
    /// The load, unload or rebuild under way: one at a time.
    private var change: Task<Void, Never>?
    /// Requests of a unit that failed, until there is one that goes on with them.
    private var interrupted: [Interrupted] = []
    /// All units have one clock, as requests may go from one to the next.
    private let hooks = Unit.Hooks()

    /// More sequences and longer tables than the configuration asks for, so that other models can be loaded later.
    /// Chosen: a large model's batch; and 8 MiB for all tables, at four bytes a page.
    private static let spare = (sequences: 256, pages: 8192)

    /// - Parameters:
    ///   - modelFolder: what relative paths of model files are relative to.
    ///   - weightCache: where packed weights are kept; `nil` keeps none.
    ///   - tunings: where devices' shapes are kept; `nil` for the default shapes.
    ///   - recorder: told of passes.
    ///   - openDevice: gives the device, and gives it anew after it failed.
    init(
        _ configuration: UnitConfiguration, modelFolder: String, weightCache: WeightCache?, tunings: TuningCache?,
        logger: Logger, recorder: PassRecorder, opening openDevice: @escaping @Sendable () async throws -> Mesh
    ) {
        name = configuration.name
        self.configuration = configuration
        self.modelFolder = modelFolder
        self.weightCache = weightCache
        self.tunings = tunings
        self.recorder = recorder
        self.openDevice = openDevice
        var logger = logger
        logger[metadataKey: "unit"] = "\(configuration.name)"
        self.logger = logger
    }

    /// Opens the device, reserves the pool, then loads the models one after the other.
    ///
    /// - Parameter progress: called with a model's name and what is being done, and the share of it that is loaded.
    /// - Throws: what the first model that cannot be loaded throws.
    func load(progress: @escaping @Sendable (String, Double) -> Void) async throws {
        state = .serving(try await start(configuration.models, progress, opening: openDevice))
    }

    // MARK: Serving

    /// None until all of the configuration are loaded.
    var models: [ServedModel] {
        get async {
            switch state {
            case .loading: []
            case .serving(let service): await service.unit.served
            case .recovering(let recovery): recovery.served
            }
        }
    }

    /// Whether the unit works and nothing that it should serve is missing.
    var isReady: Bool {
        get async {
            guard case .serving(let service) = state else { return false }
            return await service.unit.isHealthy && service.missing.isEmpty
        }
    }

    /// Pages that sequences hold, and pages there are.
    var pageUse: (held: Int, total: Int) {
        get async {
            guard case .serving(let service) = state else { return (0, 0) }
            return await service.unit.pageUse
        }
    }

    var takesRequests: Bool {
        get async {
            guard case .serving(let service) = state else { return false }
            return await service.unit.isHealthy
        }
    }

    /// `nil` before anything is reserved.
    var status: UnitStatus? {
        get async {
            switch state {
            case .loading: return nil
            case .recovering(let recovery):
                var status = recovery.status
                status.recovery?.interrupted = interrupted.count
                return status
            case .serving(let service): return await status(of: service)
            }
        }
    }

    private func status(of service: Service) async -> UnitStatus {
        var status = await service.unit.status(device: service.device)
        status.rebuilds = service.rebuilds
        status.missing = service.missing
        return status
    }

    func generate(
        _ request: GenerationRequest
    ) async throws(EngineError) -> AsyncThrowingStream<GenerationEvent, any Error> {
        try await working().unit.generate(request)
    }

    func embed(_ request: EmbeddingRequest) async throws(EngineError) -> Embedding {
        try await working().unit.embed(request)
    }

    /// - Throws: `EngineError.unavailable` saying why the unit does not work.
    private func working() throws(EngineError) -> Service {
        switch state {
        case .serving(let service): return service
        case .loading: throw .unavailable("models are loading")
        case .recovering(let recovery):
            throw .unavailable(
                "the device of unit '\(name)' failed and is being set up again: \(recovery.status.failure ?? "")")
        }
    }

    // MARK: Changes

    func load(_ model: ModelConfiguration) async throws -> ServedModel {
        _ = try working()
        let (served, unit) = try await serialized { [self] in
            let unit = try await working().unit
            guard await !unit.served.contains(where: { $0.name == model.name }) else {
                throw ConfigurationError("the name '\(model.name)' is used already")
            }
            let served = try await unit.load(model, open(model), cache: weightCache)
            await unit.compileBehind()
            return (served, unit)
        }
        if case .serving(var service) = state, service.unit === unit {
            service.missing.removeAll { $0.name == model.name }
            state = .serving(service)
        }
        logger.info("model loaded", metadata: ["model": "\(model.name)"])
        return served
    }

    func unload(_ model: String, patience: Duration) async throws {
        if giveUp(model) { return }
        _ = try working()
        try await serialized { [self] in try await working().unit.unload(model, patience: patience) }
        FreedMemory.giveBack()
        logger.info("model unloaded", metadata: ["model": "\(model)"])
    }

    /// Forgets a model that waits to be loaded again, or could not be; `false` if there is none.
    private func giveUp(_ model: String) -> Bool {
        switch state {
        case .loading: return false
        case .recovering(var recovery):
            let isRemoved = recovery.remove(model)
            state = .recovering(recovery)
            if isRemoved { drop("the model was unloaded") { $0.model == model } }
            return isRemoved
        case .serving(var service):
            let isMissing = service.missing.contains { $0.name == model }
            service.missing.removeAll { $0.name == model }
            state = .serving(service)
            return isMissing
        }
    }

    // MARK: Reloads

    /// The models that take requests, with what their memory is for.
    /// - Throws: `EngineError.unavailable` saying why the unit does not work.
    func loadedModels() async throws(EngineError) -> [ReloadPlan.Loaded] { try await working().unit.loadedModels }

    /// - Throws: `EngineError.unavailable` saying why the unit does not work.
    func placement() async throws(EngineError) -> UnitPlacement { try await working().unit.placement }

    /// Makes sure that changes can be made, without making any.
    ///
    /// - Throws: what is wrong with the first model that could not serve.
    func check(_ plan: ReloadPlan.Unit) async throws {
        var leaving: Set<String> = [], adjusted: [ModelConfiguration] = []
        var coming: [(model: ModelConfiguration, file: ModelFile)] = []
        for change in plan.changes {
            switch change {
            case .adjust(let model, _): adjusted.append(model)
            case .remove(let name): leaving.insert(name)
            case .add(let model): coming.append((model, try open(model)))
            case .replace(let model, _):
                leaving.insert(model.name)
                coming.append((model, try open(model)))
            }
        }
        try await working().unit.check(leaving: leaving, coming: coming, adjusted: adjusted)
    }

    /// Makes changes, one after the other.
    ///
    /// - Parameter patience: how long requests of models that go may go on.
    /// - Throws: what the first one throws that cannot be made; those before it are made.
    func apply(_ plan: ReloadPlan.Unit, patience: Duration) async throws {
        if let count = plan.maxRequests {
            configuration.maxRequests = count
            try await working().unit.setMaxRequests(count)
        }
        for change in plan.changes {
            switch change {
            case .adjust(let model, _):
                try await serialized { [self] in try await working().unit.adjust(model) }
            case .remove(let name): try await unload(name, patience: patience)
            case .replace(let model, _):
                try await unload(model.name, patience: patience)
                _ = try await load(model)
            case .add(let model): _ = try await load(model)
            }
        }
        configuration.models = plan.models
    }

    /// Runs `body` when no other load, unload or rebuild is under way.
    private func serialized<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let before = change
        let task = Task {
            await before?.value
            return try await body()
        }
        change = Task { _ = await task.result }
        return try await task.value
    }

    // MARK: Building

    /// Makes a unit with the models.
    ///
    /// - Parameters:
    ///   - openDevice: gives the device.
    ///   - leaveOut: called with a model that cannot be loaded and why; what it throws ends all.
    private func start(
        _ models: [ModelConfiguration], _ progress: @escaping @Sendable (String, Double) -> Void = { _, _ in },
        opening openDevice: () async throws -> Mesh,
        leaveOut: (ModelConfiguration, any Error) throws -> Void = { _, error in throw error }
    ) async throws -> Service {
        var files: [(model: ModelConfiguration, file: ModelFile)] = []
        for model in models {
            do { files.append((model, try open(model))) } catch { try leaveOut(model, error) }
        }
        let mesh = try await openDevice(), ranks = mesh.devices.count
        let sequences = models.reduce(0) { $0 + $1.maxSequences }
        let pages = try files.map { model, file in
            let network = try file.network.cut(into: configuration.shards ?? ranks, ranks: ranks)
            let shape = try Model.kvShape(network, type: model.kvType)
            return shape.pages(for: min(model.context ?? .max, file.network.contextLength))
        }
        let unit = try Unit(
            configuration, sequences: max(sequences, Self.spare.sequences),
            pagesPerSequence: max(pages.max() ?? 0, Self.spare.pages), mesh: mesh,
            tunings: mesh.devices.map { tunings?.tuning(for: $0, saidTo: logger) ?? Tuning() }, hooks: hooks,
            recorder: recorder
        ) { [weak self] in await self?.recover(from: $0) }
        try await unit.measureIsolation()
        for (model, file) in files {
            do {
                _ = try await unit.load(model, file, cache: weightCache) {
                    progress("\(model.name): \($0.doing)", $0.share)
                }
                logger.info("model loaded", metadata: ["model": "\(model.name)"])
            } catch { try leaveOut(model, error) }
        }
        // Not before all are loaded: drivers compile one kernel after the other, and some hold a lock.
        await unit.compileBehind()
        return Service(unit: unit, device: mesh.name)
    }

    /// - Throws: `ConfigurationError` naming the model and what is wrong with its file.
    private nonisolated func open(_ model: ModelConfiguration) throws(ConfigurationError) -> ModelFile {
        do {
            return try ModelFile(path: model.path.hasPrefix("/") ? model.path : "\(modelFolder)/\(model.path)")
        } catch { throw ConfigurationError("model '\(model.name)': \(error)") }
    }

    // MARK: Recovery

    /// The unit failed: builds it anew once its lanes have stopped, and tries again, less and less often, while that
    /// fails.
    private func recover(from failure: Unit.Failure) async {
        keep(failure.interrupted)
        guard await takeDown(failure) else { return }
        // What the device still holds must go before it is reserved anew: nothing names the old unit from here on.
        _ = try? await serialized { [self] in await rebuild() }
    }

    private func takeDown(_ failure: Unit.Failure) async -> Bool {
        guard case .serving(let service) = state else { return false }
        let (status, served) = (await status(of: service), await service.unit.served)
        guard case .serving = state else { return false }
        logger.error("unit failed", metadata: ["reason": "\(failure.reason)"])
        state = .recovering(Recovery(status, served, reason: failure.reason))
        if failure.isHang {
            abandon(service.unit)
            await settleChange(within: .seconds(30))
        } else {
            await service.unit.atRest()
        }
        _ = try? await serialized { [self, unit = service.unit] in
            // Loads and unloads that were under way have ended by now.
            await prepareRebuild(served: unit.served, models: unit.configurations)
        }
        return true
    }

    /// Keeps a unit whose device hangs, as that may still be at work on its memory. If all comes back, it goes.
    private func abandon(_ unit: Unit) {
        logger.warning("the device hangs; what it holds stays taken until it comes back")
        Task { await unit.atReturn() }
    }

    /// Waits for a load or unload under way, which may hang with the device: it is forgotten then.
    private func settleChange(within limit: Duration) async {
        guard let change else { return }
        let (ends, inlet) = AsyncStream.makeStream(of: Bool.self)
        Task {
            await change.value
            inlet.yield(true)
        }
        Task {
            try? await Task.sleep(for: limit)
            inlet.yield(false)
        }
        let isSettled = await ends.first { _ in true } ?? false
        if !isSettled { self.change = nil }
    }

    private func prepareRebuild(served: [ServedModel], models: [ModelConfiguration]) {
        guard case .recovering(var recovery) = state else { return }
        (recovery.served, recovery.models) = (served, models)
        state = .recovering(recovery)
    }

    private func rebuild() async {
        // A second is what a driver needs to come back; a device that is gone for good is asked once a minute.
        var pause = Duration.seconds(1)
        while !Task.isCancelled, case .recovering(let recovery) = state {
            do {
                await resume(with: try await restart(recovery), recovery.models)
                return
            } catch {
                logger.error("unit not rebuilt", metadata: ["reason": "\(error)"])
                if case .recovering(var recovery) = state {
                    recovery.note(error)
                    state = .recovering(recovery)
                }
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(60))
        }
    }

    /// - Returns: the unit, and the models that it comes back without.
    private func restart(_ recovery: Recovery) async throws -> Service {
        var missing: [UnitStatus.Missing] = []
        var service = try await start(
            recovery.models, opening: openAnew,
            leaveOut: { model, error in
                // A lost device says nothing about the model.
                if case ComputeError.deviceLost = error { throw error }
                if !recovery.leavesOut { throw error }
                missing.append(UnitStatus.Missing(name: model.name, reason: "\(error)"))
            })
        service.missing = missing
        return service
    }

    /// Opens the device that failed; a driver that hangs at that is left to itself, and asked again.
    private func openAnew() async throws -> Mesh {
        guard let limit = PassWatch.mostOfAStep(least: configuration.watchdog) else { return try await openDevice() }
        let (outcomes, inlet) = AsyncThrowingStream.makeStream(of: Mesh.self)
        Task { [openDevice] in
            do { inlet.yield(try await openDevice()) } catch { inlet.finish(throwing: error) }
        }
        let overdue = Task { [name] in
            try await Task.sleep(for: .seconds(limit))
            inlet.finish(throwing: ComputeError.deviceLost(device: "the device of unit '\(name)'", call: "its opening"))
        }
        defer { overdue.cancel() }
        for try await mesh in outcomes { return mesh }
        throw CancellationError()
    }

    /// The unit is back with `models`.
    private func resume(with service: Service, _ models: [ModelConfiguration]) async {
        guard case .recovering(let recovery) = state else { return }
        var service = service
        service.rebuilds = recovery.status.rebuilds + 1
        service.missing =
            recovery.status.missing
            + service.missing.filter { model in
                recovery.models.contains { $0.name == model.name }
            }
        state = .serving(service)
        logger.info(
            "unit rebuilt",
            metadata: ["missing": "\(service.missing.map(\.name))", "interrupted": "\(interrupted.count)"])
        let waiting = interrupted
        interrupted = []
        // Those that this unit does not take, as it has failed already, wait for the next.
        interrupted = await service.unit.resume(waiting) + interrupted
        dropOverdue()
        // Meanwhile the unloading of some may have been asked for.
        for model in models where !recovery.models.contains(model) {
            try? await service.unit.unload(model.name, patience: .zero)
        }
        FreedMemory.giveBack()
    }

    // MARK: Interrupted requests

    /// Keeps requests for the unit to come, but not without end, nor after their clients have left.
    private func keep(_ requests: [Interrupted]) {
        interrupted += requests
        for request in requests {
            request.work.departure.onLeave { [weak self] in
                guard let self else { return }
                Task { await self.dropOverdue() }
            }
        }
        guard let deadline = requests.map(\.deadline).max() else { return }
        Task { [weak self] in
            try? await Task.sleep(until: deadline, clock: .continuous)
            await self?.dropOverdue()
        }
    }

    /// Ends requests that have waited long enough, and those whose clients have left.
    private func dropOverdue() {
        drop("it was not set up again in time") { $0.deadline <= .now || $0.work.departure.hasLeft }
    }

    private func drop(_ reason: String, where isDropped: (Interrupted) -> Bool) {
        let dropped = interrupted.filter(isDropped)
        interrupted.removeAll(where: isDropped)
        for request in dropped { request.fail(reason) }
    }
}
